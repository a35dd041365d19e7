// SPDX-License-Identifier: Apache-2.0
// A repository of tests in the manner of the public ones, served by git, run in the shells of this host: every
// construct that those use. The suite is in tests/golden/testsuites/public-style.
#include <gmock/gmock.h>

#include "tests/jobs/testshell/suite_repository.hpp"

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// All of it, in dash and in BusyBox: the board's `sh` is that shell.
class PublicSuite : public test::SuiteRepository, public ::testing::WithParamInterface<const char*> {
 protected:
  PublicSuite() {
    if (std::string(GetParam()) != "busybox") return;
    bench_.shell = {"busybox", "sh"};
    bench_.on_unpacked = [](const fs::path& overlay) { program(overlay, "sh", "exec busybox sh \"$@\""); };
  }
  static void program(const fs::path& overlay, const std::string& name, const std::string& line) {
    std::ofstream(overlay / "bin" / name) << "#!/bin/sh\n" << line << "\n";
    fs::permissions(overlay / "bin" / name, fs::perms::owner_all);
  }
  double measurement(const std::string& name) const {
    for (const auto& one : bench_.sink.cases)
      if (one.name == name) return one.measurement.value_or(-1);
    return -2;
  }
};

TEST_P(PublicSuite, AFileOfResultsIsReportedAtTheEnd) {
  const auto out = bench_.run_definitions(entry("metrics", "automated/linux/metrics/metrics.yaml"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(
      bench_.sink.checks(),
      ElementsAre("0_metrics/a-truth-value=pass", "0_metrics/parameters=pass", "0_metrics/tool=pass",
                  "0_metrics/rounds/round-1=pass", "0_metrics/rounds/round-2=pass", "0_metrics/rounds/round-3=pass",
                  "0_metrics/mean=pass", "0_metrics/count=pass", "0_metrics/no-hardware=skip",
                  "0_metrics/prerequisite=skip", "0_metrics/needs-it-1=skip", "0_metrics/needs-it-2=skip"));
  EXPECT_DOUBLE_EQ(measurement("rounds/round-2"), 20);
  EXPECT_DOUBLE_EQ(measurement("mean"), 20);
  EXPECT_DOUBLE_EQ(measurement("count"), 3);
}

TEST_P(PublicSuite, TheJobsParametersReplaceTheScriptsOwn) {
  const auto out = bench_.run_definitions(
      entry("metrics", "automated/linux/metrics/metrics.yaml", ", parameters: {ROUNDS: 1, SKIP_INSTALL: true}"));
  EXPECT_EQ(out.verdict, Verdict::fail);
  EXPECT_THAT(bench_.sink.checks(), Contains("0_metrics/a-truth-value=fail"));
  EXPECT_DOUBLE_EQ(measurement("count"), 1);
}

TEST_P(PublicSuite, WhateverStandsInSteps) {
  const auto out = bench_.run_definitions(entry("steps", "automated/linux/steps/steps.yaml"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench_.sink.checks(),
              ElementsAre("0_steps/exported=pass", "0_steps/quotes=pass", "0_steps/dollar=pass", "0_steps/lines=pass",
                          "0_steps/awk=pass", "0_steps/if=pass", "0_steps/loop-1=pass", "0_steps/loop-2=pass",
                          "0_steps/heredoc=pass", "0_steps/status=pass", "0_steps/function=pass", "0_steps/output=pass",
                          "0_steps/unknown-to-all=skip", "0_steps/bug-7=pass", "0_steps/subshell=pass"));
  EXPECT_DOUBLE_EQ(measurement("output"), 1000);
  EXPECT_TRUE(bench_.sink.says("LAVA_JOB_ID=42"));
  EXPECT_THAT(bench_.sink.texts(LogLevel::event), ElementsAre("something happened"));
}

TEST_P(PublicSuite, AKselftestLikeOutputIsParsed) {
  const auto out = bench_.run_definitions(entry("selftests", "automated/linux/selftests/selftests.yaml"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench_.sink.checks(),
              ElementsAre("0_selftests/timers/posix_timers=pass", "0_selftests/net/Bridge.VLAN=skip",
                          "0_selftests/mm/known=pass", "0_selftests/printf/no-end=pass"));
  EXPECT_DOUBLE_EQ(measurement("timers/posix_timers"), 1.25);
}

TEST_P(PublicSuite, AScriptThatRaisesEndsTheJob) {
  const auto out = bench_.run_definitions(entry("raise", "automated/linux/raise/raise.yaml"));
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::dut);
  EXPECT_THAT(out.reason, HasSubstr("no disk (sda) to test"));
  EXPECT_THAT(bench_.sink.checks(), ElementsAre("0_raise/before=pass"));
}

/// The tools of a distribution that write down what they are asked for.
class Needs : public PublicSuite {
 protected:
  Needs() {
    const auto inner = bench_.dir.path / "inner";
    fs::create_directories(inner);
    std::ofstream(inner / "answer") << "42\n";
    git_in(inner, {"init", "--quiet", "--initial-branch=main"});
    commit_in(inner, "an answer");
    auto needs = read(repository_ / path);
    const std::string place = "@INNER@";
    for (auto at = needs.find(place); at != std::string::npos; at = needs.find(place, at))
      needs.replace(at, place.size(), "file://" + inner.string());
    std::ofstream(repository_ / path) << needs;
    commit("with a repository that is there");
    bench_.on_unpacked = [before = bench_.on_unpacked](const fs::path& overlay) {
      if (before) before(overlay);
      for (const char* name : {"apt-get", "apt-key"}) program(overlay, name, "echo \"$(basename $0) $*\"");
      std::ofstream out(overlay / "environment", std::ios::app);
      out << "export LAVA_ROOT=" << overlay.string() << "\n";
      fs::create_directories(overlay / "etc/apt/sources.list.d");
    };
  }
  const std::string path = "automated/linux/needs/needs.yaml";
};

TEST_P(Needs, AreInstalledBeforeTheTest) {
  const auto out = bench_.run_definitions(entry("needs", path));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench_.sink.checks(),
              ElementsAre("0_needs/built=pass", "0_needs/cloned=pass", "0_needs/cloned-elsewhere=pass"));
  EXPECT_TRUE(bench_.sink.says("apt-key adv --keyserver hkps://keyserver.ubuntu.com --recv-keys 1234ABCD"));
  EXPECT_TRUE(bench_.sink.says("apt-get install -q -y tool-one tool-two"));
  EXPECT_EQ(bench_.sink.says("apt-get install -q -y only-here"), read("/etc/os-release").contains("\nID=debian\n"));
  EXPECT_FALSE(bench_.sink.says("only-there\n"));
  const auto sources = read(overlay_dir(*bench_.run_state) + std::string("/etc/apt/sources.list.d/lava.list"));
  EXPECT_EQ(sources, "deb http://packages.example.org stable main\n");
}

TEST_P(Needs, AreLeftOutOneByOne) {
  struct Left {
    const char* what;
    const char* words;
  };
  for (const auto& left : {Left{"keys", "recv-keys"}, Left{"deps", "tool-one tool-two"}, Left{"steps", "built in"},
                           Left{"sources", "lava-add-sources"}, Left{"git-repos", "git-repos file://"}}) {
    SCOPED_TRACE(left.what);
    bench_.sink = {};
    std::error_code ignored;
    fs::remove_all(bench_.dir.path / "root", ignored);
    fs::remove_all(bench_.dir.path / "lava-42", ignored);
    (void)bench_.run_definitions(entry("needs", path, ", skip_install: [" + std::string(left.what) + "]"));
    for (const auto* words : {"recv-keys", "tool-one tool-two", "built in", "lava-add-sources", "git-repos file://"}) {
      const bool is_left_out = std::string(words) == left.words;
      EXPECT_EQ(bench_.sink.says(words), !is_left_out) << words;
    }
  }
}

TEST_P(Needs, AreAllLeftOut) {
  const auto out = bench_.run_definitions(entry("needs", path, ", skip_install: [all]"));
  EXPECT_EQ(out.verdict, Verdict::fail);
  EXPECT_THAT(bench_.sink.checks(),
              ElementsAre("0_needs/built=fail", "0_needs/cloned=fail", "0_needs/cloned-elsewhere=fail"));
}

INSTANTIATE_TEST_SUITE_P(Shells, PublicSuite, ::testing::Values("dash", "busybox"));
INSTANTIATE_TEST_SUITE_P(Shells, Needs, ::testing::Values("dash", "busybox"));

}  // namespace
}  // namespace hilltop::jobs
