// SPDX-License-Identifier: Apache-2.0
// Test definitions from git repositories and tar files that the test makes, run in a real shell.
#include <gmock/gmock.h>

#include "tests/jobs/testshell/suite_repository.hpp"

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Repositories : public test::SuiteRepository {};

constexpr auto smoke = "automated/linux/smoke/smoke.yaml";

TEST_F(Repositories, ASuiteInTheMannerOfPublicOnesRuns) {
  const auto head = git({"rev-parse", "HEAD"});
  const auto out = bench_.run_definitions(entry("smoke", smoke, ", parameters: {TESTS: 'pwd,list'}") +
                                          entry("parse", "unusual/parse.yaml", ", shallow: true, history: false"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench_.sink.checks(),
              ElementsAre("0_smoke/from-file/pwd=pass", "0_smoke/from-file/list=pass", "0_smoke/from-file/speed=pass",
                          "0_smoke/multiple-words=pass", "0_smoke/known-bug=pass", "1_parse/case-1=pass",
                          "1_parse/case-2=pass", "1_parse/case-3=pass", "1_parse/case-4=skip"));
  EXPECT_DOUBLE_EQ(bench_.sink.cases.at(2).measurement.value_or(0), 12.5);
  EXPECT_TRUE(bench_.sink.says("is at commit " + head));
  EXPECT_TRUE(bench_.sink.says("installing for pwd,list"));
}

TEST_F(Repositories, ABranchAndARevisionAreThoseThatWereAskedFor) {
  const auto old = git({"rev-parse", "HEAD"});
  git({"checkout", "--quiet", "-b", "other"});
  fs::remove(repository_ / smoke);
  const auto other = commit("without smoke");
  const auto out = bench_.run_definitions(entry("old", "unusual/parse.yaml", ", branch: other, revision: " + old) +
                                          entry("new", "unusual/parse.yaml", ", branch: other"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_TRUE(bench_.sink.says("0_old: " + url() + " is at commit " + old));
  EXPECT_TRUE(bench_.sink.says("1_new: " + url() + " is at commit " + other));
}

TEST_F(Repositories, WhatIsNotThereIsTheJobsMistake) {
  for (const auto& [more, words] :
       {std::pair{std::string("unusual/none.yaml"), "no file 'unusual/none.yaml'"},
        std::pair{std::string("unusual/parse.yaml, branch: gone"), "gone"},
        std::pair{std::string("unusual/parse.yaml, revision: 1234567890abcdef1234567890abcdef12345678"), "1234567890"},
        std::pair{std::string("lib/sh-test-lib"), "the test definition is wrong"}}) {
    test::ShellBench bench;
    bench.input.artifacts = &lab_;
    const auto out = bench.run_definitions(entry("a", more));
    EXPECT_EQ(out.verdict, Verdict::incomplete);
    EXPECT_EQ(out.blame, Blame::job) << out.reason;
    EXPECT_THAT(out.reason, HasSubstr(words));
  }
}

TEST_F(Repositories, LinksThatLeadOutAndRepositoriesOfOthersAreRefused) {
  fs::create_symlink("/etc/passwd", repository_ / "leak.yaml");
  commit("a link");
  auto out = bench_.run_definitions(entry("a", "leak.yaml"));
  EXPECT_THAT(out.reason, HasSubstr("leads out of the repository"));
  test::ShellBench bench;
  bench.input.artifacts = &lab_;
  out = bench.run_definitions("    - {name: a, from: git, repository: 'file:///srv/secret', path: a.yaml}\n");
  EXPECT_EQ(out.blame, Blame::job);
  EXPECT_THAT(out.reason, HasSubstr("not of this lab"));
}

TEST_F(Repositories, HooksOfARepositoryDoNotRun) {
  const auto marker = bench_.dir.path / "hooked";
  const auto hooks = repository_ / ".git/hooks";
  fs::create_directories(hooks);
  for (const char* name : {"post-checkout", "post-merge"}) {
    std::ofstream(hooks / name) << "#!/bin/sh\ntouch " << marker.string() << "\n";
    fs::permissions(hooks / name, fs::perms::owner_all);
  }
  EXPECT_EQ(bench_.run_definitions(entry("a", "unusual/parse.yaml")).verdict, Verdict::pass);
  EXPECT_FALSE(fs::exists(marker));
}

TEST_F(Repositories, SubmodulesComeWhenAskedAndOnlyFromTheLab) {
  const auto inner = repository_;
  repository_ = bench_.dir.path / "outer";
  fs::create_directories(repository_);
  git({"init", "--quiet", "--initial-branch=main"});
  git({"submodule", "--quiet", "add", "file://" + inner.string(), "suites"});
  commit("with a submodule");
  const auto out = bench_.run_definitions(entry("a", "suites/unusual/parse.yaml", ", recursive: true"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  git({"config", "-f", ".gitmodules", "submodule.suites.url", "file:///srv/secret"});
  commit("of another");
  test::ShellBench bench;
  bench.input.artifacts = &lab_;
  const auto refused = bench.run_definitions(entry("a", "suites/unusual/parse.yaml", ", recursive: true"));
  EXPECT_THAT(refused.reason, HasSubstr("not of this lab"));
}

TEST_F(Repositories, ATarFileIsAsGood) {
  tests::Worker worker;
  const auto tar = bench_.dir.path / "suites.tar.gz";
  const Command pack({"tar", "-C", bench_.dir.path.string(), "--exclude=.git", "-czf", tar.string(), "suites"});
  ASSERT_TRUE(worker.run(run_tool_checked(pack, Deadline::after(20s))));
  lab_.files["http://lab/suites.tar.gz"] = tar;
  const auto out = bench_.run_definitions(
      "    - {name: a, from: url, repository: 'http://lab/suites.tar.gz', compression: gz, path: unusual/parse.yaml, "
      "strip-components: 1}\n");
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_EQ(bench_.sink.checks().size(), 4U);
}

TEST_F(Repositories, TarFilesOfEachCompressionAreFetchedWithTheirHeaders) {
  tests::Worker worker;
  for (const auto& [compression, option] :
       {std::pair{std::string("gz"), "-z"}, std::pair{std::string("xz"), "-J"}, std::pair{std::string("bz2"), "-j"},
        std::pair{std::string("zstd"), "--zstd"}, std::pair{std::string("null"), "-v"}}) {
    SCOPED_TRACE(compression);
    const auto tar = bench_.dir.path / ("suites-" + compression);
    const Command pack({"tar", "-C", repository_.string(), "--exclude=.git", option, "-cf", tar.string(), "unusual"});
    const auto packed = worker.run(run_tool_checked(pack, Deadline::after(20s)));
    ASSERT_TRUE(packed) << packed.error().text;
    test::ShellBench bench;
    bench.input.artifacts = &lab_;
    lab_.files["http://lab/tests"] = tar;
    const auto out =
        bench.run_definitions("    - {name: a, from: url, repository: 'http://lab/tests', compression: " + compression +
                              ", path: parse.yaml, strip-components: 1, headers: {PRIVATE-TOKEN: t}}\n");
    EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
    EXPECT_EQ(lab_.asked.back().headers.at("PRIVATE-TOKEN"), "t");
  }
}

TEST_F(Repositories, AShallowCloneHasOneCommitAndHistoryStaysOnRequest) {
  std::ofstream(repository_ / "more") << "more\n";
  commit("second");
  const std::string probe = "automated/linux/steps/probe.yaml";
  std::ofstream(repository_ / probe)
      << "metadata: {name: p, format: Lava-Test Test Definition 1.0}\nrun: {steps: ['lava-test-case commits --result "
         "pass --measurement $(git rev-list --count HEAD)']}\n";
  commit("probe");
  const auto out = bench_.run_definitions(entry("all", probe) + entry("one", probe, ", shallow: true") +
                                          entry("none", probe, ", history: false"));
  EXPECT_DOUBLE_EQ(bench_.sink.cases.at(0).measurement.value_or(0), 3);
  std::vector<double> counts;
  for (const auto& one : bench_.sink.cases)
    if (one.name == "commits") counts.push_back(one.measurement.value_or(0));
  EXPECT_THAT(counts, ElementsAre(3, 1)) << out.reason;
}

}  // namespace
}  // namespace hilltop::jobs
