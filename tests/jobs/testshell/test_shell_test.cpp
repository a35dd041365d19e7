// SPDX-License-Identifier: Apache-2.0
// The test shell's action against a real shell on a terminal of this host.
#include <gmock/gmock.h>

#include "tests/jobs/testshell/shell_bench.hpp"

namespace hilltop::jobs {
namespace {

using test::ShellBench;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// An inline definition with these steps; `more` are lines of the entry, `of_script` of its definition.
std::string inlined(const std::string& name, const std::vector<std::string>& steps, const std::string& more = {},
                    const std::string& of_script = {}) {
  std::string out = "    - name: " + name + "\n      path: inline/" + name + ".yaml\n      from: inline\n" + more +
                    "      repository:\n        metadata: {name: " + name +
                    ", format: Lava-Test Test Definition 1.0}\n" + of_script + "        run:\n          steps:\n";
  for (const auto& step : steps) out += "          - |\n            " + step + "\n";
  return out;
}

TEST(TestShell, ResultsOfAllKindsArrive) {
  ShellBench bench;
  const auto out = bench.run_definitions(
      inlined("smoke",
              {"lava-test-case yes --shell true", "lava-test-case no --result skip",
               "lava-test-case speed --result pass --measurement 1.5 --units MB/s", "lava-test-set start net",
               "lava-test-case ping --shell 'echo pong | grep -q pong'", "lava-test-set stop",
               "lava-test-reference bug --result pass --reference https://bugs/1", "lava-test-event hello there"}) +
      inlined("second", {"lava-test-case dollar --shell \"echo a b | awk '{ print $2 }' | grep -qx b\""}));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench.sink.checks(), ElementsAre("0_smoke/yes=pass", "0_smoke/no=skip", "0_smoke/speed=pass",
                                               "0_smoke/net/ping=pass", "0_smoke/bug=pass", "1_second/dollar=pass"));
  EXPECT_DOUBLE_EQ(bench.sink.cases.at(2).measurement.value_or(0), 1.5);
  EXPECT_EQ(bench.sink.cases.at(2).units, "MB/s");
  EXPECT_THAT(bench.sink.texts(LogLevel::event), ElementsAre("hello there"));
  for (const auto& one : bench.sink.cases)
    if (one.suite == "0_smoke" && one.name == "yes")
      EXPECT_THAT(bench.sink.lines.at(one.line - 1).text, HasSubstr("TEST_CASE_ID=yes"));
}

TEST(TestShell, AFailedCaseFailsAndTheRestRuns) {
  ShellBench bench;
  const auto out =
      bench.run_definitions(inlined("a", {"lava-test-case no --shell false", "lava-test-case yes --shell true"}));
  EXPECT_EQ(out.verdict, Verdict::fail);
  EXPECT_THAT(bench.sink.checks(), ElementsAre("0_a/no=fail", "0_a/yes=pass"));
}

TEST(TestShell, AStepThatFailsOrLeavesTheShellIsAFail) {
  for (const char* step : {"false", "exit 0", "kill -9 $$"}) {
    SCOPED_TRACE(step);
    ShellBench bench;
    const auto out = bench.run_definitions(inlined("a", {"lava-test-case yes --shell true", step, "echo never"}) +
                                           inlined("b", {"lava-test-case later --shell true"}));
    EXPECT_EQ(out.verdict, Verdict::fail);
    EXPECT_THAT(out.reason, HasSubstr("0_a ended before its steps did"));
    EXPECT_THAT(bench.sink.checks(), ElementsAre("0_a/yes=pass", "1_b/later=pass"));
  }
}

TEST(TestShell, AMalformedResultIsIncompleteAndNeverDropped) {
  for (const char* step : {"lava-test-case a --result passed", "lava-test-case a --result pass --measurement fast",
                           "lava-test-case 'a b' --result pass", "echo '<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=a>'"}) {
    SCOPED_TRACE(step);
    ShellBench bench;
    const auto out = bench.run_definitions(inlined("a", {step, "lava-test-case b --shell true"}));
    EXPECT_EQ(out.verdict, Verdict::incomplete);
    EXPECT_EQ(out.blame, Blame::job);
    EXPECT_THAT(bench.sink.checks(), ElementsAre("0_a/b=pass"));
  }
}

TEST(TestShell, ARawSignalUnderTraceCountsOnce) {
  ShellBench bench;
  const auto out = bench.run_definitions(inlined("a", {"echo '<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=raw RESULT=pass>'"}));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench.sink.checks(), ElementsAre("0_a/raw=pass"));
}

TEST(TestShell, AKernelMessageWithinAResultLosesNothing) {
  ShellBench bench;
  const auto out = bench.run_definitions(
      inlined("a", {"printf '<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=torn RES[   12.345678] usb 1-1: hi\\nULT=pass>\\n'"}));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench.sink.checks(), ElementsAre("0_a/torn=pass"));
}

TEST(TestShell, AResultThatIsLostIsMissed) {
  ShellBench bench;
  const auto out = bench.run_definitions(
      inlined("a", {"lava-test-case one --shell true", "lava-test-case two --shell true > /dev/null"}));
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_THAT(out.reason, HasSubstr("reported 2 results, and 1 arrived: number 2 is missing"));
}

TEST(TestShell, ARepetitionIsCountedAnew) {
  ShellBench bench;
  bench.repetitions = 2;
  const auto out = bench.run_definitions(inlined("a", {"lava-test-case one --shell true"}));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench.sink.checks(), ElementsAre("0_a/one=pass", "0_a/one=pass"));
}

TEST(TestShell, ResultsOfTestsThatRunSideBySideAreAllCounted) {
  ShellBench bench;
  const auto out = bench.run_definitions(
      inlined("a", {"for i in 1 2 3 4 5 6 7 8; do lava-test-case side-$i --shell true & done; wait"}));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_EQ(bench.sink.checks().size(), 8U);
}

TEST(TestShell, ThePatternOfADefinitionFindsItsResults) {
  ShellBench bench;
  const auto out = bench.run_definitions(inlined("a", {"echo 'alpha: PASS'", "echo 'beta: bad 12 ms'"}, "",
                                                 "        parse: {pattern: '^(?P<test_case_id>\\w+): "
                                                 "(?P<result>PASS|bad)( (?P<measurement>\\d+) (?P<units>ms))?$', "
                                                 "fixupdict: {bad: fail}}\n"));
  EXPECT_EQ(out.verdict, Verdict::fail);
  EXPECT_THAT(bench.sink.checks(), ElementsAre("0_a/alpha=pass", "0_a/beta=fail"));
  EXPECT_DOUBLE_EQ(bench.sink.cases.at(1).measurement.value_or(0), 12);
}

TEST(TestShell, APatternThatFindsNothingIsIncomplete) {
  ShellBench bench;
  const auto out = bench.run_definitions(
      inlined("a", {"echo nothing"}, "", "        parse: {pattern: '(?P<test_case_id>x+): (?P<result>PASS)'}\n"));
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_THAT(out.reason, HasSubstr("not one result"));
}

TEST(TestShell, ExpectedCasesThatAreMissingOrUnlistedFail) {
  ShellBench bench;
  const auto out = bench.run_definitions(inlined(
      "a", {"lava-test-case one --shell true", "lava-test-case other --shell true"}, "      expected: [one, two]\n"));
  EXPECT_EQ(out.verdict, Verdict::fail);
  EXPECT_THAT(bench.sink.checks(), ElementsAre("0_a/one=pass", "0_a/other=fail", "0_a/two=fail"));
}

TEST(TestShell, ParametersEnvironmentAndSecretsReachTheSteps) {
  ShellBench bench;
  const auto out = bench.run_definitions(
      inlined("a",
              {"lava-test-case job --shell test \"$WHO\" = \"it's me\"",
               "lava-test-case own --shell test \"$OWN\" = default",
               "lava-test-case environment --shell test \"$CITY\" = \"New York\"",
               "lava-test-case id --shell test \"$LAVA_JOB_ID\" = 42",
               ". \"$LAVA_OVERLAY/secrets\"; echo \"the token is $TOKEN\""},
              "      parameters: {WHO: it's me}\n", "        params: {WHO: nobody, OWN: default}\n"),
      "environment: {CITY: New York}\nsecrets: {TOKEN: s3cr3t-token}\n");
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_EQ(bench.sink.checks().size(), 4U);
  EXPECT_FALSE(bench.sink.says("s3cr3t-token"));
  EXPECT_TRUE(bench.sink.says("the token is [MASKED]"));
}

TEST(TestShell, ATestThatRaisesEndsTheJob) {
  ShellBench bench;
  const auto out = bench.run_definitions(inlined("a", {"lava-test-raise no disk", "sleep 30"}));
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_THAT(out.reason, HasSubstr("no disk"));
}

TEST(TestShell, ATestThatDoesNotEndIsIncomplete) {
  ShellBench bench;
  const auto out = bench.run_definitions(inlined("a", {"lava-test-case one --shell true", "sleep 60"}), "",
                                         "    timeout: {seconds: 4}\n");
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::dut);
  EXPECT_THAT(out.reason, HasSubstr("'0_a' did not end"));
  EXPECT_THAT(bench.sink.checks(), ElementsAre("0_a/one=pass"));
}

TEST(TestShell, AFaultOfTheKernelIsAFailWithTheLineThoughAllPassed) {
  ShellBench bench;
  const auto out = bench.run_definitions(
      inlined("a", {"lava-test-case one --shell true", "echo '>>> ZEPHYR FATAL ERROR 0: oops'; true"}));
  EXPECT_EQ(out.verdict, Verdict::fail);
  EXPECT_THAT(out.reason, HasSubstr("ZEPHYR FATAL ERROR"));
}

TEST(TestShell, WhatIsInstalledComesBeforeTheSteps) {
  ShellBench bench;
  const auto out = bench.run_definitions(
      inlined("a", {"lava-test-case installed --shell test -e marker", "lava-test-case left --shell test ! -e skipped"},
              "", "        install: {steps: [touch marker]}\n") +
      inlined("b", {"lava-test-case skipped --shell test ! -e marker"}, "      skip_install: [steps]\n",
              "        install: {steps: [touch marker]}\n"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench.sink.checks(), ElementsAre("0_a/installed=pass", "0_a/left=pass", "1_b/skipped=pass"));
}

TEST(TestShell, AnInstallationThatFailsIsIncomplete) {
  ShellBench bench;
  const auto out = bench.run_definitions(
      inlined("a", {"lava-test-case never --shell true"}, "", "        install: {steps: ['false']}\n"));
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_THAT(out.reason, HasSubstr("installation failed"));
  EXPECT_THAT(bench.sink.checks(), IsEmpty());
}

TEST(TestShell, ABoardWithoutTheOverlayIsToldSo) {
  ShellBench bench;
  bench.on_unpacked = [](const auto& overlay) { std::filesystem::remove_all(overlay); };
  const auto out = bench.run_definitions(inlined("a", {"true"}));
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_THAT(out.reason, HasSubstr("the test overlay is not on the board"));
}

TEST(TestShell, ATimeoutWithSkipLeavesTheShellToTheNextTest) {
  ShellBench bench;
  const auto out = bench.run_definitions(
      inlined("a", {"lava-test-case before --shell true", "sleep 100", "lava-test-case never --shell true"}) +
          "- test:\n    timeout: {seconds: 20}\n    definitions:\n" +
          inlined("b", {"lava-test-case after --shell true"}),
      "", "    timeout: {seconds: 3, skip: true}\n");
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench.sink.checks(), ElementsAre("0_a/before=pass", "1_b/after=pass"));
}

TEST(TestShell, SecretsAreMaskedWhereverTheyAreSaid) {
  ShellBench bench;
  const auto out = bench.run_definitions(
      inlined("a", {"lava-test-event leaks s3cr3t-token", "printf 'leaks \\033[1ms3cr3t-token\\033[0m\\n'",
                    // The log cuts a line of more than 64 KiB into pieces: here within the secret that set -x shows.
                    "head -c 65524 /dev/zero | tr '\\0' x; echo s3cr3t-token and more",
                    "lava-test-reference s3cr3t-token --result pass --reference https://x/s3cr3t-token",
                    "lava-test-raise the token is s3cr3t-token"}),
      "secrets: {TOKEN: s3cr3t-token}\n");
  EXPECT_THAT(out.reason, HasSubstr("the token is [MASKED]"));
  std::string console;
  for (const auto& text : bench.sink.texts(LogLevel::target)) console += text;
  EXPECT_FALSE(console.contains("s3cr3t"));
  EXPECT_TRUE(console.contains("xxxx+ echo [MASKED] and more"));
  EXPECT_FALSE(bench.sink.says("s3cr3t"));
  EXPECT_THAT(bench.sink.texts(LogLevel::event), ElementsAre("leaks [MASKED]"));
  for (const auto& one : bench.sink.cases) EXPECT_THAT(one.name + one.message, Not(HasSubstr("s3cr3t")));
}

TEST(TestShell, BackgroundProcessesEndWithTheTests) {
  ShellBench bench;
  const auto marker = (bench.dir.path / "pid").string();
  const auto out = bench.run_definitions(
      inlined("a", {"lava-background-process-start kept --cmd 'echo $$ > " + marker + "; exec sleep 100'",
                    "lava-background-process-start short --cmd 'echo from behind; exec sleep 100'",
                    "while [ ! -s " + marker + " ]; do sleep 0.05; done",
                    "lava-test-case runs --shell kill -0 $(cat " + marker + ")", "lava-background-process-stop short",
                    "lava-test-case one --shell true"}));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_TRUE(bench.sink.says("from behind"));
  std::ifstream file(marker);
  pid_t pid = 0;
  ASSERT_TRUE(file >> pid);
  std::ifstream state("/proc/" + std::to_string(pid) +
                      "/stat");  // gone, or ended and waiting for its status to be read
  std::string line;
  std::getline(state, line);
  EXPECT_TRUE(line.empty() || line.contains(") Z ")) << line;
}

}  // namespace
}  // namespace hilltop::jobs
