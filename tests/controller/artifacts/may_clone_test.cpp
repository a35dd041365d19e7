// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "controller/artifacts/artifact_store.hpp"
#include "tests/support/pipeline_bench.hpp"

namespace hilltop::controller {
namespace {

TEST(MayClone, OnlyWhatTheLabNames) {
  const test::ScratchDir dir;
  std::filesystem::create_directories(dir.path / "git/tests");
  std::filesystem::create_directory_symlink("/etc", dir.path / "git/link");
  const auto store = ArtifactStore::open(dir.path / "store").value();
  const auto root = "file://" + (dir.path / "git").string();
  EXPECT_FALSE(store->may_clone(root + "/tests"));
  boards::Inventory lab;
  lab.file_roots = {dir.path / "git"};
  lab.url_allow_list = {"git.example.org"};
  store->allow(lab);
  EXPECT_TRUE(store->may_clone(root + "/tests"));
  EXPECT_TRUE(store->may_clone("https://git.example.org/tests.git"));
  EXPECT_TRUE(store->may_clone("https://user@git.example.org:8443/tests.git"));
  for (const std::string& url : {root + "/../secret", root + "/link/x", std::string("file:///etc"),
                                std::string("https://git.example.org.evil.net/t"), std::string("https://127.0.0.1/t"),
                                std::string("ssh://git.example.org/t"), std::string("git.example.org:t"),
                                std::string("https://git.example.org@evil.net/t"), std::string("")}) {
    const auto refused = store->may_clone(url);
    ASSERT_FALSE(refused) << url;
    EXPECT_EQ(refused.error().blame, Blame::job) << url;
  }
}

}  // namespace
}  // namespace hilltop::controller
