// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include "drivers/core/process.hpp"
#include "tests/drivers/run_task.hpp"
#include "tests/jobs/testshell/shell_bench.hpp"

namespace hilltop::test {

/// A lab that allows its own folder.
class LabArtifacts final : public jobs::ArtifactSource {
 public:
  Task<std::filesystem::path> fetch(jobs::UrlSpec spec, Deadline) override {
    asked.push_back(spec);
    return find(files, std::move(spec));
  }
  [[nodiscard]] Result<> may_clone(const std::string& url) const override {
    if (url.starts_with("file://" + root.string())) return ok();
    return Error(Errc::denied, Blame::job, url + ": not of this lab");
  }
  std::filesystem::path root;
  std::map<std::string, std::filesystem::path> files;
  std::vector<jobs::UrlSpec> asked;

 private:
  static Task<std::filesystem::path> find(std::map<std::string, std::filesystem::path> all, jobs::UrlSpec spec) {
    const auto found = all.find(spec.url);
    if (found == all.end()) co_return Error(Errc::unavailable, Blame::infrastructure, "404 for " + spec.url);
    co_return found->second;
  }
};

/// tests/golden/testsuites/public-style as a git repository of the test's own.
class SuiteRepository : public ::testing::Test {
 protected:
  SuiteRepository() {
    namespace fs = std::filesystem;
    lab_.root = bench_.dir.path;
    bench_.input.artifacts = &lab_;
    fs::copy(fs::path(HILLTOP_SOURCE_DIR) / "tests/golden/testsuites/public-style", repository_,
             fs::copy_options::recursive);
    git({"init", "--quiet", "--initial-branch=main"});
    commit("first");
  }
  static std::string read(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static std::string git_in(const std::filesystem::path& folder, std::vector<std::string> arguments) {
    tests::Worker worker;
    Command command({"git", "-C", folder.string(), "-c", "user.name=t", "-c", "user.email=t@example.org", "-c",
                     "protocol.file.allow=always"});
    for (auto& one : arguments) command.argv.push_back(one);
    const auto out = worker.run(run_tool_checked(command, Deadline::after(20s)));
    EXPECT_TRUE(out) << out.error().text;
    return out ? out->text.substr(0, out->text.find('\n')) : "";
  }
  static std::string commit_in(const std::filesystem::path& folder, const std::string& message) {
    git_in(folder, {"add", "-A"});
    git_in(folder, {"commit", "--quiet", "-m", message});
    return git_in(folder, {"rev-parse", "HEAD"});
  }
  std::string git(std::vector<std::string> arguments) { return git_in(repository_, std::move(arguments)); }
  std::string commit(const std::string& message) { return commit_in(repository_, message); }
  std::string url() const { return "file://" + repository_.string(); }
  std::string entry(const std::string& name, const std::string& path, const std::string& more = {}) const {
    return "    - {name: " + name + ", from: git, repository: '" + url() + "', path: " + path + more + "}\n";
  }

  ShellBench bench_;
  LabArtifacts lab_;
  std::filesystem::path repository_ = bench_.dir.path / "suites";
};

}  // namespace hilltop::test
