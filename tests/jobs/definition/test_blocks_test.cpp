// SPDX-License-Identifier: Apache-2.0
#include "tests/jobs/definition/complaints.hpp"

namespace hilltop::jobs {
namespace {

const std::string good_pattern = "'(?P<result>pass|fail) (?P<test_case_id>\\w+)'";

/// The keys of one monitor, on line 8; `pattern` is on line 9.
Complaint monitor(const char* name, const std::string& keys, const std::string& pattern, const std::string& expected) {
  return actions(name, "- test:\n    monitors:\n    - {" + keys + ",\n       pattern: " + pattern + "}", expected);
}

const std::string named = "name: m, start: begin, end: done";

/// The keys of one step, on line 11.
Complaint step(const char* name, const std::string& keys, const std::string& expected) {
  return actions(
      name, "- test:\n    interactive:\n    - name: s\n      prompts: ['> ']\n      script:\n      - {" + keys + "}",
      expected);
}

class Tests : public Complaints {};

TEST_P(Tests, AreComplainedOfWithTheirPlace) { EXPECT_EQ(complaints_of(GetParam().text), GetParam().expected); }

INSTANTIATE_TEST_SUITE_P(
    Kinds, Tests,
    testing::Values(
        actions("nothing", "- test: {timeout: {minutes: 1}}",
                "job:6:9: test has nothing to run (supported: 'definitions', 'interactive' and 'monitors')"),
        actions("definitions", "- test:\n    definitions: []",
                "job:7:18: test definitions is empty: nothing would be tested"),
        actions("two", "- test:\n    monitors: []\n    interactive: []",
                "job:7:5: test has 'interactive' and 'monitors': LAVA would run one of them only (write one test block "
                "for each)\njob:8:18: test interactive is empty: nothing would be tested"),
        actions("unknown", "- test:\n    monitor: []",
                "job:7:5: test: unknown key 'monitor' (did you mean 'monitors'?)"),
        actions("no_monitor", "- test: {monitors: []}", "job:6:20: test monitors is empty: nothing would be tested"),
        actions("monitors_map", "- test: {monitors: {name: x}}", "job:6:20: test monitors: expected a list, not a map"),
        actions("no_script", "- test: {interactive: []}",
                "job:6:23: test interactive is empty: nothing would be tested")),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Monitors, Tests,
    testing::Values(
        monitor("good", named, good_pattern, ""),
        monitor("no_end", "name: m, start: begin", good_pattern, "job:8:7: test monitors end is missing"),
        monitor("empty_end", "name: m, start: begin, end: ''", good_pattern, "job:8:36: test monitors end is empty"),
        monitor("empty_start", "name: m, start: '', end: done", good_pattern, ""),
        monitor("pattern_of_nothing", named, "'(?P<result>pass)?(?P<test_case_id>\\w*)'",
                "job:9:17: test monitors pattern: '(?P<result>pass)?(?P<test_case_id>\\w*)' matches nothing at all, "
                "and so at once (let it match at least one character)"),
        monitor("pattern_is_on", named, "on",
                "job:9:17: test monitors pattern: expected text, not yes or no (YAML reads words such as on, off, yes "
                "and no as true or false: put it in quotes)"),
        monitor("no_result", named, "'case (?P<test_case_id>\\w+)'",
                "job:9:17: warning: test monitors pattern has no group 'result' and no group 'measurement': every case "
                "it finds is unknown (write (?P<result>...))"),
        monitor("measurement_only", named, "'(?P<test_case_id>\\w+) = (?P<measurement>\\d+)'", ""),
        monitor("no_case", named, "'result (?P<result>pass|fail)'",
                "job:9:17: test monitors pattern has no group 'test_case_id': its cases would have no name (write "
                "(?P<test_case_id>...))"),
        monitor("no_fixupdict", named, "'(?P<result>PASS|FAIL) (?P<test_case_id>\\w+)'",
                "job:9:17: warning: test monitors pattern: the result 'PASS' is none of pass, fail, skip, unknown: "
                "such a result is malformed (add a fixupdict: {PASS: pass, FAIL: fail})\njob:9:17: warning: test "
                "monitors pattern: the result 'FAIL' is none of pass, fail, skip, unknown: such a result is malformed "
                "(add a fixupdict: {PASS: pass, FAIL: fail})"),
        monitor("no_fixupdict_class", named, "'(?P<result>[A-Z]+) (?P<test_case_id>\\w+)'",
                "job:9:17: warning: test monitors pattern: the group 'result' never is pass, fail, skip or unknown: "
                "all results are malformed (add a fixupdict: {PASS: pass, FAIL: fail})"),
        monitor("no_fixupdict_any_word", named, "'(?P<result>\\w+) (?P<test_case_id>\\w+)'", ""),
        monitor("fixupdict_misses_one", named + ", fixupdict: {PASS: pass}",
                "'(?P<result>PASS|ERROR) (?P<test_case_id>\\w+)'",
                "job:9:17: warning: test monitors pattern: the result 'ERROR' is none of pass, fail, skip, unknown: "
                "such a result is malformed (add it to the fixupdict)"),
        monitor("fixupdict_value", named + ", fixupdict: {PASS: passed}", good_pattern,
                "job:8:60: test monitors fixupdict PASS: 'passed' is not known (did you mean 'pass'?)"),
        monitor("fixupdict_key_on", named + ", fixupdict: {ON: pass}", good_pattern,
                "job:8:54: test monitors fixupdict: a key: expected text, not yes or no (YAML reads words such as on, "
                "off, yes and no as true or false: put it in quotes)"),
        monitor("fixupdict_value_on", named + ", fixupdict: {PASS: on}", good_pattern,
                "job:8:60: test monitors fixupdict PASS: expected text, not yes or no (YAML reads words such as on, "
                "off, yes and no as true or false: put it in quotes)"),
        monitor("expected_text", named + ", expected: one", good_pattern,
                "job:8:52: test monitors expected: expected a list, not text"),
        monitor("unknown_key", named + ", fixupdct: {}", good_pattern,
                "job:8:42: test monitors: unknown key 'fixupdct' (did you mean 'fixupdict'?)")),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Interactive, Tests,
    testing::Values(
        step("good", "command: ls, name: a", ""), step("null_command", "command: null, name: a", ""),
        step("no_command", "name: a",
             "job:11:9: test interactive script command is missing (`command: null` sends nothing and only waits)"),
        step("delay_alone", "delay: 2", ""),
        step("delay_and_command", "delay: 2, command: ls",
             "job:11:10: test interactive script: a step with delay does nothing else (make it a step of its own: - "
             "delay: 2)"),
        step("delay_negative", "delay: -1",
             "job:11:17: test interactive script delay: -1 is out of range (expected 0 to 86400)"),
        step("command_number", "command: 12",
             "job:11:19: test interactive script command: expected text, not a number (put it in quotes, \"12\")"),
        step("multinode", "lava-send: hello", "job:11:10: test interactive script lava-send is not supported yet"),
        step("success_without_message", "command: ls, successes: [{mesage: ok}]",
             "job:11:35: test interactive successes message is missing\njob:11:36: test interactive successes: unknown "
             "key 'mesage' (did you mean 'message'?)"),
        step("success_text", "command: ls, successes: [ok]",
             "job:11:35: test interactive successes: expected a map, not text"),
        step("success_in_the_echo", "command: echo ok, successes: [{message: ok}]",
             "job:11:40: warning: test interactive successes: 'ok' is found in the command itself, and so in the echo "
             "of it (set `echo: discard`, or match something that only the answer has)"),
        step("failure_exception", "command: ls, failures: [{message: bad, exception: TestErorr}]",
             "job:11:60: test interactive failures exception: 'TestErorr' is not known (did you mean 'TestError'?)"),
        step("failure_exception_far", "command: ls, failures: [{message: bad, exception: Oops}]",
             "job:11:60: test interactive failures exception: 'Oops' is not known (one of 'InfrastructureError', "
             "'JobError' or 'TestError')"),
        actions("prompts_missing", "- test:\n    interactive:\n    - name: s\n      script: [{command: ls}]",
                "job:8:7: test interactive prompts is missing"),
        actions("prompts_text", "- test:\n    interactive:\n    - {name: s, prompts: '> ', script: [{command: ls}]}",
                "job:8:26: test interactive prompts: expected a list, not text (write ['> '])"),
        actions("prompts_empty", "- test:\n    interactive:\n    - {name: s, prompts: [], script: [{command: ls}]}",
                "job:8:26: test interactive prompts is empty"),
        actions("echo",
                "- test:\n    interactive:\n    - {name: s, prompts: ['> '], echo: discrd, script: [{command: ls}]}",
                "job:8:40: test interactive echo: 'discrd' is not known (did you mean 'discard'?)"),
        actions("echo_discarded",
                "- test:\n    interactive:\n    - {name: s, prompts: ['> '], echo: discard, script: [{command: echo "
                "ok, successes: [{message: ok}]}]}",
                ""),
        actions("script_empty", "- test:\n    interactive:\n    - {name: s, prompts: ['> '], script: []}",
                "job:8:42: test interactive script is empty: nothing would be tested"),
        actions("script_names",
                "- test:\n    interactive:\n    - &s {name: s, prompts: ['> '], script: [{command: ls}]}\n    - *s",
                "job:8:17: test interactive: the name 's' is used twice (their results could not be told apart)"),
        actions("step_names",
                "- test:\n    interactive:\n    - {name: s, prompts: ['> '], script: [{command: a, name: x}, {command: "
                "b, name: x}]}",
                "job:8:85: warning: test interactive script: 'x' is used twice: it gets two results"),
        actions("expected_of_no_name",
                "- test:\n    interactive:\n    - {name: s, prompts: ['> '], expected: [x], script: [{command: ls}]}",
                "job:8:34: warning: test interactive expected: no step of the script has a name")),
    name_of);

/// What is wrong in a pattern is said by the pattern's compiler; where it stands, and once, is said here.
TEST(Patterns, ThatDoNotCompileAreComplainedOfOnce) {
  const auto begins = [](const Complaint& one) {
    const std::string said = complaints_of(one.text);
    EXPECT_TRUE(said.starts_with(one.expected)) << said;
    EXPECT_EQ(said.find('\n'), std::string::npos) << said;
  };
  begins(actions("", "- boot: {method: minimal, prompts: ['ok (']}", "job:6:37: boot prompts: "));
  begins(monitor("", named, "'(?P<result>pass'", "job:9:17: test monitors pattern: "));
  begins(monitor("", "name: m, start: '[', end: b", good_pattern, "job:8:24: test monitors start: "));
  begins(step("", "command: ls, successes: [{message: '(ok'}]", "job:11:45: test interactive successes message: "));
}

/// A group that refers to another one cannot be tried alone: nothing is said of it.
TEST(Patterns, GroupsThatCannotBeJudgedAreNotComplainedOf) {
  EXPECT_EQ(complaints_of(monitor("", named, "'(?P<test_case_id>\\w+) (?P<result>(?P=test_case_id)!)'", "").text), "");
}

TEST(Aliases, AreComplainedOfOnce) {
  const std::string text =
      actions("",
              "- test:\n    interactive:\n    - &s {name: s, prompts: ['> '], script: [{command: ls, mane: x}]}\n"
              "    - {<<: *s, name: t}",
              "")
          .text;
  EXPECT_EQ(complaints_of(text), "job:8:60: test interactive script: unknown key 'mane' (did you mean 'name'?)");
}

TEST(Monitors, KeepWhatWasWritten) {
  Diagnostics diagnostics;
  const auto job =
      read_job(monitor("", named + ", expected: [a, b], fixupdict: {OK: pass, 'NO': fail}", good_pattern, "").text,
               "job", diagnostics);
  ASSERT_TRUE(job) << diagnostics.to_string();
  const auto& test = std::get<TestMonitors>(job->actions.at(0));
  ASSERT_EQ(test.monitors.size(), 1U);
  EXPECT_EQ(test.monitors[0].name, "m");
  EXPECT_EQ(test.monitors[0].start, "begin");
  EXPECT_EQ(test.monitors[0].end, "done");
  EXPECT_EQ(test.monitors[0].fixupdict,
            (std::map<std::string, CaseResult>{{"NO", CaseResult::fail}, {"OK", CaseResult::pass}}));
  EXPECT_EQ(test.monitors[0].expected, (std::vector<std::string>{"a", "b"}));
}

TEST(Interactive, KeepsWhatWasWritten) {
  Diagnostics diagnostics;
  const auto job = read_job(step("",
                                 "command: ls, name: a, wait_for_prompt: false, successes: [{message: x}], "
                                 "failures: [{message: y, exception: JobError, error: why}]",
                                 "")
                                .text,
                            "job", diagnostics);
  ASSERT_TRUE(job) << diagnostics.to_string();
  const auto& script = std::get<TestInteractive>(job->actions.at(0)).scripts.at(0);
  ASSERT_EQ(script.script.size(), 1U);
  const InteractiveStep& only = script.script[0];
  EXPECT_EQ(only.command, "ls");
  EXPECT_EQ(only.name, "a");
  EXPECT_FALSE(only.wait_for_prompt);
  EXPECT_EQ(only.successes.at(0).message, "x");
  EXPECT_EQ(only.failures.at(0).message, "y");
  EXPECT_EQ(only.failures.at(0).exception, "JobError");
  EXPECT_EQ(only.failures.at(0).error, "why");
}

}  // namespace
}  // namespace hilltop::jobs
