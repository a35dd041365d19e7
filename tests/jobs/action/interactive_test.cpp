// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/support/pipeline_bench.hpp"

namespace hilltop::jobs {
namespace {

using test::PipelineBench;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A boot to the prompt and one script of `steps`.
std::string job(const std::string& steps, const std::string& more = {}) {
  return "- boot: {method: minimal, prompts: ['>>> ']}\n- test:\n    interactive:\n    - name: repl\n      prompts: "
         "['>>> ']\n" +
         more + "      script:\n" + steps;
}

/// A board that echoes each line, and answers with `answer(line)`.
void repl(PipelineBench& bench, std::function<std::string(const std::string&)> answer, bool echo = true) {
  auto* console = bench.board->main.get();
  bench.board->on_start = [console](int) { console->say("MicroPython v1.9\r\n>>> "); };
  console->on_typed = [console, answer, echo](const std::string& line) {
    const auto said = answer(line);
    console->say((echo ? line + "\r\n" : std::string()) + said);
  };
}

TEST(Interactive, AnAnswerIsAPass) {
  PipelineBench bench;
  repl(bench, [](const std::string&) { return "the answer is 42\r\n>>> "; });
  const auto out =
      bench.run(job("      - {name: calc, command: 'print(6*7)', successes: [{message: answer is 42}]}\n"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench.sink.checks(), ElementsAre("0_repl/calc=pass"));
  EXPECT_THAT(bench.board->main->typed, ElementsAre("print(6*7)"));
  EXPECT_THAT(bench.sink.texts(LogLevel::input), ElementsAre("print(6*7)"));
}

TEST(Interactive, ASuccessThatOnlyTheEchoHoldsIsIncomplete) {
  for (const std::string& discard : {"", "      echo: discard\n"}) {
    PipelineBench bench;
    repl(bench, [](const std::string&) { return "Traceback: NameError\r\n>>> "; });
    const auto out =
        bench.run(job("      - {name: hello, command: 'print(\"hello\")', successes: [{message: hello}]}\n", discard));
    EXPECT_EQ(out.verdict, Verdict::incomplete);
    EXPECT_EQ(out.blame, Blame::job);
    EXPECT_THAT(out.reason, HasSubstr("echo"));
    EXPECT_THAT(bench.sink.checks(), ElementsAre());
  }
}

TEST(Interactive, AnEchoThatComesByteByByteIsNoAnswer) {
  PipelineBench bench;
  auto* console = bench.board->main.get();
  bench.board->on_start = [console](int) { console->say(">>> "); };
  console->on_typed = [&](const std::string& line) {
    for (const char c : line) console->say(std::string_view(&c, 1));
    console->say("\r\nno\r\n>>> ");
  };
  const auto out = bench.run(job("      - {name: hello, command: 'print(\"hello\")', successes: [{message: hel}]}\n"));
  EXPECT_EQ(out.verdict, Verdict::incomplete) << out.reason;
  EXPECT_EQ(out.blame, Blame::job);
}

TEST(Interactive, AnEchoCutByALogLineIsNoAnswer) {
  PipelineBench bench;
  auto* console = bench.board->main.get();
  bench.board->on_start = [console](int) { console->say(">>> "); };
  console->on_typed = [&](const std::string&) {
    console->say("check_[00:01] <inf> net: up\r\nstatus OK\r\nfailed\r\n>>> ");
  };
  const auto out = bench.run(job("      - {name: check, command: 'check_status OK', successes: [{message: OK}]}\n"));
  EXPECT_EQ(out.verdict, Verdict::incomplete) << out.reason;
  EXPECT_EQ(out.blame, Blame::job);
}

TEST(Interactive, AnAnswerAfterTheEchoCounts) {
  PipelineBench bench;
  repl(bench, [](const std::string&) { return "hello\r\n>>> "; });
  const auto out =
      bench.run(job("      - {name: hello, command: 'print(\"hello\")', successes: [{message: hello}]}\n"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
}

TEST(Interactive, ABoardWithoutEchoIsUnderstood) {
  PipelineBench bench;
  repl(bench, [](const std::string&) { return "hello\r\n>>> "; }, false);
  const auto out =
      bench.run(job("      - {name: hello, command: 'print(\"hello\")', successes: [{message: hello}]}\n"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
}

TEST(Interactive, APromptBeforeTheSuccessFailsTheCase) {
  PipelineBench bench;
  repl(bench, [](const std::string& line) { return line == "one" ? "wrong\r\n>>> " : "two is right\r\n>>> "; });
  const auto out =
      bench.run(job("      - {name: first, command: one, successes: [{message: right}]}\n      - {name: second, "
                    "command: two, successes: [{message: right}]}\n"));
  EXPECT_EQ(out.verdict, Verdict::fail);
  EXPECT_THAT(bench.sink.checks(), ElementsAre("0_repl/first=fail", "0_repl/second=pass"));
}

TEST(Interactive, AnUnnamedStepThatFailsEndsTheScript) {
  PipelineBench bench;
  repl(bench, [](const std::string&) { return "wrong\r\n>>> "; });
  const auto out =
      bench.run(job("      - {command: one, successes: [{message: right}]}\n      - {name: second, command: two}\n"));
  EXPECT_EQ(out.verdict, Verdict::fail);
  EXPECT_THAT(bench.board->main->typed, ElementsAre("one"));
}

TEST(Interactive, AFailureMayBlameTheInfrastructureOrTheJob) {
  for (const auto& [exception, blame] :
       {std::pair<std::string, Blame>{"InfrastructureError", Blame::infrastructure}, {"JobError", Blame::job}}) {
    PipelineBench bench;
    repl(bench, [](const std::string&) { return "no link\r\n>>> "; });
    const auto out =
        bench.run(job("      - {name: net, command: up, successes: [{message: up and running}], failures: [{message: "
                      "no link, exception: " +
                      exception + ", error: the cable is out}]}\n"));
    EXPECT_EQ(out.verdict, Verdict::incomplete);
    EXPECT_EQ(out.blame, blame);
    EXPECT_THAT(out.reason, HasSubstr("the cable is out"));
  }
}

TEST(Interactive, CapturedGroupsAndTheJobIdAreSubstituted) {
  PipelineBench bench;
  repl(bench, [](const std::string& line) { return line == "who" ? "name=bob;\r\n>>> " : "ok\r\n>>> "; });
  const auto out =
      bench.run(job("      - {command: who, successes: [{message: 'name=(?P<who>\\w+);'}]}\n      - {command: 'hi "
                    "{who} {JOB_ID} {other}'}\n"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench.board->main->typed, ElementsAre("who", "hi bob 42 {other}"));
}

TEST(Interactive, SilenceAfterACommandIsIncomplete) {
  PipelineBench bench;
  repl(bench, [](const std::string&) { return ""; }, false);
  const auto out = bench.run(job("      - {name: hang, command: loop, successes: [{message: done}]}\n"));
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::dut);
  EXPECT_TRUE(out.board_suspect);
}

TEST(Interactive, AStepWithoutCommandOnlyListens) {
  PipelineBench bench;
  bench.board->on_start = [&](int) { bench.board->main->say(">>> ready now\r\n>>> "); };
  const auto out = bench.run(job("      - {name: ready, command: null, successes: [{message: ready now}]}\n"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench.board->main->typed, ElementsAre());
}

TEST(Interactive, AnOldPromptIsNoAnswer) {
  PipelineBench bench;
  bench.board->on_start = [&](int) { bench.board->main->say(">>> \r\n>>> "); };
  bench.board->main->on_typed = [&](const std::string& line) { bench.board->main->say(line + "\r\nresult 1\r\n>>> "); };
  const auto out = bench.run(job("      - {name: one, command: go, successes: [{message: result 1}]}\n"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
}

TEST(Interactive, ExpectedCasesAreHeldAgainstTheSteps) {
  PipelineBench bench;
  repl(bench, [](const std::string&) { return "ok\r\n>>> "; });
  const auto out = bench.run(job("      - {name: one, command: a}\n", "      expected: [one, two]\n"));
  EXPECT_EQ(out.verdict, Verdict::fail);
  EXPECT_THAT(bench.sink.checks(), ElementsAre("0_repl/one=pass", "0_repl/two=fail"));
}

}  // namespace
}  // namespace hilltop::jobs
