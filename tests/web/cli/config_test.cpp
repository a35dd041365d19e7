// SPDX-License-Identifier: Apache-2.0
#include "web/cli/config.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "tests/web/cli/scratch.hpp"

namespace hilltop::cli {
namespace {

class ConfigFile : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"HILLTOP_URL", "HILLTOP_TOKEN", "HILLTOP_CA_FILE"}) unsetenv(name);
  }
  test::Scratch scratch_;
  std::filesystem::path path_ = scratch_.path / "new/hilltop/config.yaml";
};

TEST_F(ConfigFile, comes_back_as_it_was_written) {
  const Config config{"https://lab:8443", "ht_\"quoted\": #yes\\", "/etc/ca.pem"};
  ASSERT_TRUE(write_config(path_, config));
  const auto read = read_config(path_);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->server, config.server);
  EXPECT_EQ(read->token, config.token);
  EXPECT_EQ(read->ca_file, config.ca_file);
}

TEST_F(ConfigFile, is_for_its_owner_only_even_over_an_open_one) {
  std::filesystem::create_directories(path_.parent_path());
  std::ofstream(path_) << "server: http://old\n";
  chmod(path_.c_str(), 0644);
  ASSERT_TRUE(write_config(path_, {"http://new", "t", ""}));
  struct stat status{};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(ConfigFile, is_empty_where_there_is_none) {
  const auto read = read_config(path_);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->server, "");
}

TEST_F(ConfigFile, says_where_it_is_wrong) {
  std::filesystem::create_directories(path_.parent_path());
  std::ofstream(path_) << "server: [\n";
  const auto read = read_config(path_);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().blame, Blame::configuration);
  EXPECT_NE(read.error().text.find("config.yaml:"), std::string::npos) << read.error().text;
}

TEST_F(ConfigFile, is_where_xdg_says) {
  setenv("XDG_CONFIG_HOME", "/x/y", 1);
  EXPECT_EQ(config_path(), "/x/y/hilltop/config.yaml");
  setenv("XDG_CONFIG_HOME", "relative", 1);  // to be ignored, says the specification
  setenv("HOME", "/home/ann", 1);
  EXPECT_EQ(config_path(), "/home/ann/.config/hilltop/config.yaml");
  unsetenv("XDG_CONFIG_HOME");
}

TEST_F(ConfigFile, options_come_before_the_environment_before_the_file) {
  const Config config{"http://file", "file-token", ""};
  EXPECT_EQ(resolve_target("", "", "", config, path_).server, "http://file");
  EXPECT_EQ(resolve_target("", "", "", config, path_).token, "file-token");
  setenv("HILLTOP_URL", "http://environment/", 1);
  setenv("HILLTOP_TOKEN", "environment-token", 1);
  EXPECT_EQ(resolve_target("", "", "", config, path_).server, "http://environment");
  EXPECT_EQ(resolve_target("", "", "", config, path_).token, "environment-token");
  EXPECT_EQ(resolve_target("option:81", "o", "", config, path_).server, "http://option:81");
  EXPECT_EQ(resolve_target("option:81", "o", "", config, path_).token, "o");
}

TEST_F(ConfigFile, its_token_goes_to_its_server_only) {
  const Config config{"http://file", "file-token", "/ca"};
  EXPECT_EQ(resolve_target("http://other", "", "", config, path_).token, "");
  EXPECT_EQ(resolve_target("http://other", "", "", config, path_).ca_file, "");
  EXPECT_EQ(resolve_target("http://file/", "", "", config, path_).token, "file-token");
}

}  // namespace
}  // namespace hilltop::cli
