// SPDX-License-Identifier: Apache-2.0
#include "jobs/pipeline.hpp"

#include <gmock/gmock.h>

#include <boost/asio/steady_timer.hpp>

#include "tests/support/dictionary_logs.hpp"
#include "tests/support/pipeline_bench.hpp"

namespace hilltop::jobs {
namespace {

using test::PipelineBench;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto boot = "- boot: {method: minimal}\n";
constexpr auto boot_to_prompt = "- boot: {method: minimal, prompts: ['>>> ']}\n";

/// A monitor of Zephyr's ztest; `more` are lines of the monitor.
std::string monitor(const std::string& more = "      fixupdict: {PASS: pass, FAIL: fail, SKIP: skip}\n",
                    const std::string& of_test = "") {
  return "- test:\n" + of_test +
         "    monitors:\n"
         "    - name: My Suite\n"
         "      start: Running TESTSUITE\n"
         "      end: PROJECT EXECUTION (SUCCESSFUL|FAILED)\n"
         "      pattern: ' (?P<result>PASS|FAIL|SKIP|ODD) - (?P<test_case_id>[a-z]\\w*)( in (?P<measurement>[\\d.]+) "
         "(?P<units>\\w+))?'\n" +
         more;
}

/// Makes the board say `text` at each start.
void says(PipelineBench& bench, std::string text) {
  bench.board->on_start = [&bench, text](int) { bench.board->main->say(text); };
}

constexpr auto good_run =
    "*** Booting Zephyr OS build v3.5 ***\r\nRunning TESTSUITE x\r\n"
    "START - test_a\r\n PASS - test_a in 0.001 seconds\r\nSTART - test_b\r\n PASS - test_b in 0.002 seconds\r\n"
    "SUITE PASS - 100.00% [x]: pass = 2, fail = 0, skip = 0, total = 2 duration = 0.003 seconds\r\n"
    "PROJECT EXECUTION SUCCESSFUL\r\n";

TEST(Pipeline, AMonitorThatSeesAllPassesIsAPass) {
  PipelineBench bench;
  says(bench, good_run);
  const auto out = bench.run(std::string(boot) + monitor());
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench.sink.checks(), ElementsAre("my-suite/test_a=pass", "my-suite/test_b=pass"));
  EXPECT_DOUBLE_EQ(bench.sink.cases.at(1).measurement.value_or(0), 0.001);
  EXPECT_EQ(bench.sink.cases.at(1).units, "seconds");
  EXPECT_EQ(bench.board->cleaned, 1);
  EXPECT_EQ(bench.board->last_power_state(), drivers::PowerState::off);
}

TEST(Pipeline, ACaseKnowsItsLineOfTheLog) {
  PipelineBench bench;
  says(bench, good_run);
  ASSERT_EQ(bench.run(std::string(boot) + monitor()).verdict, Verdict::pass);
  for (const auto& one : bench.sink.cases)
    if (one.suite == "my-suite") EXPECT_THAT(bench.sink.lines.at(one.line - 1).text, HasSubstr("PASS - " + one.name));
}

TEST(Pipeline, SilenceUnderAMonitorIsIncomplete) {
  PipelineBench bench;
  says(bench, "Running TESTSUITE x\r\n PASS - test_a\r\n");
  const auto out = bench.run(std::string(boot) + monitor());
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::dut);
  EXPECT_TRUE(out.board_suspect);
  EXPECT_THAT(bench.sink.checks(), ElementsAre("my-suite/test_a=pass"));
}

TEST(Pipeline, AStartPatternThatNeverComesIsIncomplete) {
  PipelineBench bench;
  says(bench, "hello\r\n");
  auto out = bench.run(std::string(boot) + monitor());
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::dut);
  EXPECT_FALSE(out.board_suspect);
  PipelineBench silent;
  out = silent.run(std::string(boot) + monitor());
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::infrastructure);
  EXPECT_TRUE(out.board_suspect);
}

TEST(Pipeline, AGenerousPatternThatAlsoMatchesTheSummaryDoesNotDisagree) {
  PipelineBench bench;
  says(bench, good_run);
  auto job = monitor();
  job.replace(job.find("[a-z]\\w*"), 8, "\\w+");
  const auto out = bench.run(boot + job);
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench.sink.checks(), ElementsAre("my-suite/test_a=pass", "my-suite/test_b=pass", "my-suite/100=pass"));
}

TEST(Pipeline, ACrashThatKillsTheBoardIsAFailWithTheLine) {
  PipelineBench bench;
  bench.board->on_start = [&](int) {
    bench.board->main->say("Running TESTSUITE x\r\n>>> ZEPHYR FATAL ERROR 0: lockup\r\n");
    bench.board->main->set_down(Error(Errc::unavailable, Blame::infrastructure, "the emulator ended with status 1"));
  };
  const auto out = bench.run(std::string(boot) + monitor());
  EXPECT_EQ(out.verdict, Verdict::fail) << out.reason;
  EXPECT_THAT(out.reason, HasSubstr("lockup"));
}

TEST(Pipeline, AMonitorThatMatchesNoCaseIsIncomplete) {
  PipelineBench bench;
  says(bench, "Running TESTSUITE x\r\nnothing here\r\nPROJECT EXECUTION SUCCESSFUL\r\n");
  const auto out = bench.run(std::string(boot) + monitor());
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::job);
}

TEST(Pipeline, AMonitorWithoutFixupdictIsIncomplete) {
  PipelineBench bench;
  says(bench, good_run);
  const auto out = bench.run(std::string(boot) + monitor(""));
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::job);
  EXPECT_THAT(out.reason, HasSubstr("fixupdict"));
}

TEST(Pipeline, AResultLineCutByAMessageIsIncomplete) {
  PipelineBench bench;
  says(bench,
       "Running TESTSUITE x\r\nSTART - test_a\r\n PASS - test_a\r\nSTART - test_b\r\n PA[00:00:01.2] <inf> net: "
       "up\r\nSS - test_b\r\n"
       "SUITE PASS - 100.00% [x]: pass = 2, fail = 0, skip = 0, total = 2\r\nPROJECT EXECUTION SUCCESSFUL\r\n");
  const auto out = bench.run(std::string(boot) + monitor());
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::job);
  EXPECT_THAT(out.reason, HasSubstr("2 passed"));
}

TEST(Pipeline, AMalformedResultIsIncompleteAndTheOthersAreKept) {
  PipelineBench bench;
  says(bench, "Running TESTSUITE x\r\n ODD - test_a\r\n PASS - test_b\r\nPROJECT EXECUTION SUCCESSFUL\r\n");
  const auto out = bench.run(std::string(boot) + monitor());
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::job);
  EXPECT_THAT(bench.sink.checks(), ElementsAre("my-suite/test_b=pass"));
}

TEST(Pipeline, AFaultInAPassingRunIsAFailWithTheLine) {
  PipelineBench bench;
  says(bench,
       "Running TESTSUITE x\r\n PASS - test_a\r\n>>> ZEPHYR FATAL ERROR 0: CPU exception\r\n PASS - test_b\r\nPROJECT "
       "EXECUTION SUCCESSFUL\r\n");
  const auto out = bench.run(std::string(boot) + monitor());
  EXPECT_EQ(out.verdict, Verdict::fail);
  EXPECT_EQ(out.blame, Blame::dut);
  EXPECT_THAT(out.reason, HasSubstr("ZEPHYR FATAL ERROR 0: CPU exception"));
}

TEST(Pipeline, AFaultExplainsTheSilenceAfterIt) {
  PipelineBench bench;
  says(bench, "Running TESTSUITE x\r\n>>> ZEPHYR FATAL ERROR 3: panic\r\n");
  const auto out = bench.run(std::string(boot) + monitor());
  EXPECT_EQ(out.verdict, Verdict::fail) << out.reason;
  EXPECT_THAT(out.reason, HasSubstr("panic"));
}

TEST(Pipeline, AnUnexpectedResetIsAFail) {
  PipelineBench bench;
  says(bench,
       "*** Booting Zephyr OS ***\r\nRunning TESTSUITE x\r\n PASS - test_a\r\n*** Booting Zephyr OS ***\r\nRunning "
       "TESTSUITE x\r\n PASS - test_a\r\n"
       "PROJECT EXECUTION SUCCESSFUL\r\n");
  const auto out = bench.run(std::string(boot) + monitor());
  EXPECT_EQ(out.verdict, Verdict::fail);
  EXPECT_THAT(out.reason, HasSubstr("reset"));
}

TEST(Pipeline, AResetOfABoardWithoutAKnownBannerIsAFail) {
  PipelineBench bench;
  says(
      bench,
      "=====\r\nMy very own firmware 1.0\r\nRunning TESTSUITE x\r\n PASS - test_a\r\n"
      "=====\r\nMy very own firmware 1.0\r\nRunning TESTSUITE x\r\n PASS - test_a\r\nPROJECT EXECUTION SUCCESSFUL\r\n");
  const auto out = bench.run(std::string(boot) + monitor());
  EXPECT_EQ(out.verdict, Verdict::fail);
  EXPECT_THAT(out.reason, HasSubstr("My very own firmware"));
}

TEST(Pipeline, SeveralSuitesAndRepeatedWordsAreNoReset) {
  PipelineBench bench;
  says(bench,
       "My very own firmware 1.0\r\nRunning TESTSUITE x\r\n PASS - test_a\r\nRunning TESTSUITE y\r\n PASS - test_b\r\n"
       "My very own firmware 1.0\r\nPROJECT EXECUTION SUCCESSFUL\r\n");
  const auto out = bench.run(std::string(boot) + monitor());
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
}

TEST(Pipeline, ABoardThatDiesIsIncompleteByInfrastructure) {
  PipelineBench bench;
  bench.board->on_start = [&](int) {
    bench.board->main->say("Running TESTSUITE x\r\n PASS - test_a\r\n");
    bench.board->main->set_down(Error(Errc::unavailable, Blame::infrastructure, "the emulator ended with status 1"));
  };
  const auto out = bench.run(std::string(boot) + monitor());
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::infrastructure);
  EXPECT_TRUE(out.retry);
  EXPECT_TRUE(out.board_suspect);
  EXPECT_THAT(out.reason, HasSubstr("the emulator ended"));
}

TEST(Pipeline, ADownloadThatFailsSaysNothingAboutTheBoard) {
  PipelineBench bench;
  const auto out =
      bench.run("- deploy: {to: tmpfs, images: {zephyr: {url: 'http://lab/none'}}}\n" + std::string(boot) + monitor());
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::infrastructure);
  EXPECT_TRUE(out.retry);
  EXPECT_FALSE(out.board_suspect) << out.reason;
}

TEST(Pipeline, AFloodBetweenResultsLosesNone) {
  PipelineBench bench;
  bench.board->main->window = 1 << 20;
  bench.board->on_start = [&](int) {
    std::string flood;
    while (flood.size() < (20U << 20)) flood += "flood of words that mean nothing at all, 0123456789abcdef\r\n";
    bench.board->main->say("Running TESTSUITE x\r\n PASS - test_a\r\n" + flood +
                           " PASS - test_b\r\nPROJECT EXECUTION SUCCESSFUL\r\n");
  };
  const auto out = bench.run(std::string(boot) + monitor(), "  connections: {lava-test-monitor: {seconds: 15}}\n");
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench.sink.checks(), ElementsAre("my-suite/test_a=pass", "my-suite/test_b=pass"));
}

TEST(Pipeline, AFailedCaseIsAFail) {
  PipelineBench bench;
  says(bench,
       "Running TESTSUITE x\r\n PASS - test_a\r\n FAIL - test_b\r\nSUITE FAIL - 50.00% [x]: pass = 1, fail = 1, skip = "
       "0, total = 2\r\nPROJECT EXECUTION FAILED\r\n");
  const auto out = bench.run(std::string(boot) + monitor());
  EXPECT_EQ(out.verdict, Verdict::fail);
  EXPECT_EQ(out.blame, Blame::dut);
}

TEST(Pipeline, ExpectedCasesThatAreMissingOrUnlistedFail) {
  PipelineBench bench;
  says(bench, "Running TESTSUITE x\r\n PASS - test_a\r\n PASS - other\r\nPROJECT EXECUTION SUCCESSFUL\r\n");
  const auto out =
      bench.run(std::string(boot) + monitor("      fixupdict: {PASS: pass}\n      expected: [test_a, test_b]\n"));
  EXPECT_EQ(out.verdict, Verdict::fail);
  EXPECT_THAT(bench.sink.checks(), ElementsAre("my-suite/test_a=pass", "my-suite/other=fail", "my-suite/test_b=fail"));
}

TEST(Pipeline, ResultsThatSpanThreeLinesAreSeen) {
  PipelineBench bench;
  says(bench,
       "Execute test suites for the Secure area\r\n> Executing 'TFM_A_1001'\r\n  Description: 'one'\r\n  TEST: "
       "TFM_A_1001 - PASSED!\r\n"
       "> Executing 'TFM_A_1002'\r\n  Description: 'two'\r\n  TEST: TFM_A_1002 - PASSED!\r\n*** End of Secure test "
       "suites ***\r\n");
  const auto out =
      bench.run(std::string(boot) +
                "- test:\n    monitors:\n    - name: tf-m\n      start: Execute test suites\n      end: End of Secure "
                "test suites\n"
                "      pattern: \"Executing '(?P<test_case_id>.*?)'.*?TEST: \\\\S+ - (?P<result>PASSED|FAILED)!\"\n"
                "      fixupdict: {PASSED: pass, FAILED: fail}\n");
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench.sink.checks(), ElementsAre("tf-m/tfm_a_1001=pass", "tf-m/tfm_a_1002=pass"));
}

TEST(Pipeline, ASkippedTimeoutLetsTheJobGoOn) {
  PipelineBench bench;
  says(bench, std::string("Running TESTSUITE x\r\n PASS - test_a\r\n"));
  bench.sink.on_log = [&](const LogLine& line) {
    if (line.text.contains("has skip"))
      bench.board->main->say("Running TESTSUITE y\r\n PASS - test_c\r\nPROJECT EXECUTION SUCCESSFUL\r\n");
  };
  const auto out = bench.run(std::string(boot) +
                             monitor("      fixupdict: {PASS: pass}\n", "    timeout: {seconds: 2, skip: true}\n") +
                             monitor("      fixupdict: {PASS: pass}\n"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench.sink.checks(), ElementsAre("my-suite/test_a=pass", "my-suite/test_c=pass"));
}

TEST(Pipeline, ABootThatFailsIsTriedAgain) {
  PipelineBench bench;
  bench.board->on_start = [&](int start) { bench.board->main->say(start < 3 ? "panic\r\n" : "ready\r\n>>> "); };
  const auto out = bench.run("- boot: {method: minimal, prompts: ['>>> '], failure_retry: 3, timeout: {seconds: 3}}\n");
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_EQ(bench.board->starts, 3);
}

TEST(Pipeline, RetriesThatAllFailAreIncomplete) {
  PipelineBench bench;
  says(bench, "panic\r\n");
  const auto out = bench.run("- boot: {method: minimal, prompts: ['>>> '], failure_retry: 2, timeout: {seconds: 2}}\n");
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::dut);
  EXPECT_EQ(bench.board->starts, 2);
}

TEST(Pipeline, ATestIsTriedAgainOnABoardBootedAnew) {
  PipelineBench bench;
  bench.board->on_start = [&](int start) { bench.board->main->say(start == 1 ? "Running TESTSUITE x\r\n" : good_run); };
  const auto out = bench.run(std::string(boot) + monitor("      fixupdict: {PASS: pass}\n",
                                                         "    failure_retry: 2\n    timeout: {seconds: 6}\n"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_EQ(bench.board->starts, 2);
}

TEST(Pipeline, CancelWhileDeployingBootingAndTesting) {
  const auto deploy = "- deploy: {to: tmpfs, images: {fw: {url: 'http://lab/hang'}}}\n";
  for (const std::string& actions : {std::string(deploy), std::string(boot_to_prompt), std::string(boot) + monitor()}) {
    SCOPED_TRACE(actions);
    PipelineBench bench;
    says(bench, "Running TESTSUITE x\r\n");
    asio::steady_timer timer(bench.io, 300ms);
    timer.async_wait([&](auto) { bench.cancel(); });
    const auto out = bench.run(actions);
    EXPECT_EQ(out.verdict, Verdict::canceled);
    EXPECT_EQ(out.blame, Blame::canceled);
    EXPECT_EQ(bench.board->cleaned, 1);
    EXPECT_EQ(bench.board->last_power_state(), drivers::PowerState::off);
  }
}

TEST(Pipeline, ABoardThatCannotBeCleanedIsSuspect) {
  PipelineBench bench;
  says(bench, ">>> ");
  bench.board->clean_result = Error(Errc::mismatch, Blame::infrastructure, "outlet 3 still says on");
  const auto out = bench.run(boot_to_prompt);
  EXPECT_EQ(out.verdict, Verdict::pass);
  EXPECT_TRUE(out.board_suspect);
  EXPECT_THAT(out.reason, HasSubstr("outlet 3 still says on"));
}

TEST(Pipeline, DeployedImagesAreFlashedByTheirContent) {
  PipelineBench bench;
  bench.artifacts.files["http://lab/fw.elf"] = bench.dir.write("a",
                                                               "\x7f"
                                                               "ELF rest");
  says(bench, ">>> ");
  const auto out =
      bench.run(std::string("- deploy: {to: tmpfs, images: {fw: {url: 'http://lab/fw.elf'}}}\n") + boot_to_prompt);
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  ASSERT_EQ(bench.board->flashed.size(), 1U);
  EXPECT_EQ(bench.board->flashed[0].format, drivers::ImageFormat::elf);
  EXPECT_TRUE(bench.sink.says("flashed 100 %"));
}

constexpr auto with_dictionary =
    "- deploy: {to: tmpfs, images: {fw: {url: 'http://lab/fw.elf'}}, log_dictionary: {url: 'http://lab/d.json'}}\n";

TEST(Pipeline, ADictionaryThatComesWithTheFirmwareMakesTheLogReadable) {
  PipelineBench bench;
  bench.artifacts.files["http://lab/fw.elf"] = bench.dir.write("fw",
                                                               "\x7f"
                                                               "ELF rest");
  bench.artifacts.files["http://lab/d.json"] = bench.dir.write("d", test::dictionary_database);
  const auto cut = test::dictionary_record(2);
  says(bench,
       "*** Booting Zephyr OS build v3.5 ***\r\n" + test::dictionary_record(1) + "uart" + cut + ":~$ help\r\n>>> ");
  std::string lent;
  bench.input.use_dictionary = [&](std::filesystem::path file, std::string mode) -> Task<> {
    lent = file.filename().string() + " " + mode;
    co_return ok();
  };
  const auto out = bench.run(std::string(with_dictionary) + boot_to_prompt);
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  ASSERT_EQ(bench.board->flashed.size(), 1U) << "the database is no image";
  EXPECT_EQ(lent, "d.json ");
  EXPECT_THAT(bench.sink.texts(LogLevel::target),
              ::testing::IsSupersetOf({"*** Booting Zephyr OS build v3.5 ***", "[         7] <inf> app: value 1",
                                       "[         7] <inf> app: value 2", "uart:~$ help"}));
}

TEST(Pipeline, AFaultInADictionaryLogIsOne) {
  PipelineBench bench;
  bench.artifacts.files["http://lab/fw.elf"] = bench.dir.write("fw",
                                                               "\x7f"
                                                               "ELF rest");
  std::string database = test::dictionary_database;
  database.replace(database.find("value"), 5, "ZEPHYR FATAL ERROR");
  bench.artifacts.files["http://lab/d.json"] = bench.dir.write("d", database);
  says(bench, "Running TESTSUITE x\r\n" + test::dictionary_record(4) + "\r\nPROJECT EXECUTION SUCCESSFUL\r\n");
  const auto out = bench.run(std::string(with_dictionary) + boot + monitor());
  EXPECT_EQ(out.verdict, Verdict::fail);
  EXPECT_THAT(out.reason, HasSubstr("ZEPHYR FATAL ERROR 4"));
}

TEST(Pipeline, WhatIsNoDictionaryIsTheJobsMistake) {
  PipelineBench bench;
  bench.artifacts.files["http://lab/fw.elf"] = bench.dir.write("fw",
                                                               "\x7f"
                                                               "ELF rest");
  bench.artifacts.files["http://lab/d.json"] = bench.dir.write("d", "no database");
  const auto out = bench.run(with_dictionary);
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::job);
  EXPECT_THAT(out.reason, HasSubstr("log_dictionary"));
}

TEST(Pipeline, NamespacesKeepTheirImagesApart) {
  PipelineBench bench;
  bench.artifacts.files["http://lab/a.bin"] = bench.dir.write("a", "aaaa");
  bench.artifacts.files["http://lab/b.bin"] = bench.dir.write("b", "bbbb");
  says(bench, ">>> ");
  const auto out = bench.run(
      "- deploy: {namespace: one, to: tmpfs, images: {fw: {url: 'http://lab/a.bin'}}}\n"
      "- deploy: {namespace: two, to: tmpfs, images: {fw: {url: 'http://lab/b.bin'}}}\n"
      "- boot: {namespace: one, method: minimal, prompts: ['>>> ']}\n");
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  ASSERT_EQ(bench.board->flashed.size(), 1U);
  EXPECT_THAT(bench.board->flashed[0].path.string(), HasSubstr("/one/"));
  std::ifstream file(bench.board->flashed[0].path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "aaaa");
}

TEST(Pipeline, AFailedDownloadIsIncompleteByInfrastructure) {
  PipelineBench bench;
  const auto out = bench.run("- deploy: {to: tmpfs, images: {fw: {url: 'http://lab/none'}}}\n");
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::infrastructure);
  EXPECT_THAT(out.reason, HasSubstr("404"));
}

TEST(Pipeline, SecretsAreMasked) {
  PipelineBench bench;
  says(bench, "token is hunter22\r\n>>> ");
  ASSERT_EQ(bench.run(boot_to_prompt, "", "secrets: {TOKEN: hunter22}\n").verdict, Verdict::pass);
  EXPECT_FALSE(bench.sink.says("hunter22"));
  EXPECT_TRUE(bench.sink.says("token is [MASKED]"));
}

TEST(Pipeline, ActionsAreAnnouncedInPairs) {
  PipelineBench bench;
  says(bench, ">>> ");
  ASSERT_EQ(bench.run(boot_to_prompt).verdict, Verdict::pass);
  std::vector<std::string> open;
  for (const auto& action : bench.sink.actions) {
    if (!action.ended) {
      open.push_back(action.name);
      continue;
    }
    ASSERT_FALSE(open.empty());
    EXPECT_EQ(open.back(), action.name);
    EXPECT_TRUE(action.ok);
    open.pop_back();
  }
  EXPECT_THAT(open, IsEmpty());
}

}  // namespace
}  // namespace hilltop::jobs
