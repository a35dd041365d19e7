// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/test_shell_run.hpp"

#include <algorithm>

namespace hilltop::jobs::shell {
namespace {

using testshell::ShellEvent;
using testshell::Suite;
using Kind = ShellEvent::Kind;

constexpr auto line_patience = 5s;    // for the log to show the line of a result
constexpr auto return_patience = 5s;  // from the runner's EXIT to its shell

const Suite* suite_called(const ShellRun& s, const std::string& id) {
  const auto& suites = s.suites();
  const auto found = std::ranges::find(suites, id, &Suite::id);
  return found == suites.end() ? nullptr : &*found;
}

const std::optional<std::vector<std::string>>& expected_of(const Suite& suite) {
  return suite.definition->expected ? suite.definition->expected : suite.script.expected;
}

void note_malformed(ShellRun& s, const std::string& what) {
  if (s.running) s.running->malformed = true;
  s.run->note(Finding::malformed_result, (s.running ? s.running->suite->id + ": " : std::string()) + what);
}

/// Results that were announced and did not arrive.
void hold_against_announced(ShellRun& s, std::uint64_t announced) {
  const auto& running = *s.running;
  std::string missing;
  std::uint64_t count = 0;
  for (std::uint64_t i = 1; i <= announced; ++i)
    if (!running.numbers.contains(i) && ++count <= 5) missing += (missing.empty() ? "" : ", ") + std::to_string(i);
  if (count == 0) return;
  s.run->note(Finding::count_disagrees, running.suite->id + " reported " + std::to_string(announced) +
                                            " results, and " + std::to_string(running.numbers.size()) +
                                            " arrived: number " + missing + (count > 5 ? ", ..." : "") +
                                            (count == 1 ? " is" : " are") + " missing");
}

void report_missing(ShellRun& s, const Suite& suite, const std::set<std::string>& seen) {
  const auto& expected = expected_of(suite);
  if (!expected) return;
  for (const auto& name : *expected) {
    if (seen.contains(name)) continue;
    s.run->note(Finding::expected_missing, "the expected case " + suite.id + "/" + name + " was not seen");
    TestCase missing{suite.id, name, CaseResult::fail};
    missing.message = "expected, and not seen";
    s.run->report(std::move(missing));
  }
}

/// What was tested: for whoever wants to run it again.
std::string provenance_of(const Suite& suite) {
  const auto& definition = *suite.definition;
  std::string out;
  if (!definition.repository.empty()) out += ", repository " + definition.repository + ", path " + definition.path;
  if (!definition.revision.empty()) out += ", revision " + definition.revision;
  if (!suite.commit.empty()) out += ", commit " + suite.commit;
  return out;
}

/// The suite that runs is over. `why_not`: "" when it came to its end.
void end_suite(ShellRun& s, const std::string& why_not) {
  const auto running = *std::exchange(s.running, std::nullopt);
  const auto& suite = *running.suite;
  s.done.insert(suite.id);
  report_missing(s, suite, running.seen);
  TestCase whole{"lava", suite.id, why_not.empty() ? CaseResult::pass : CaseResult::fail};
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - running.began;
  whole.duration_s = took.count();
  whole.message = why_not;
  s.run->report(std::move(whole));
}

void start_suite(ShellRun& s, const ShellEvent& event) {
  if (s.running) {
    const auto why = s.running->suite->id + " ended before its steps did";
    s.run->note(Finding::case_failed, why);
    end_suite(s, why);
  }
  const auto* suite = suite_called(s, event.id);
  if (suite == nullptr || suite->uuid != event.uuid)
    return note_malformed(s, "STARTRUN " + event.id + " " + event.uuid + ": that is no test of this stage");
  s.running = RunningSuite{.suite = suite, .began = std::chrono::steady_clock::now()};
  s.run->log(LogLevel::info, "start: " + suite->id + provenance_of(*suite));
}

void finish_suite(ShellRun& s, const ShellEvent& event) {
  if (!s.running || s.running->suite->id != event.id)
    return note_malformed(s, "ENDRUN " + event.id + ": that test does not run");
  if (event.number) hold_against_announced(s, *event.number);
  if (s.patterns.contains(event.id) && s.running->seen.empty() && !s.running->malformed)
    s.run->note(Finding::no_result, event.id + ": its pattern found not one result");
  end_suite(s, "");
}

/// run.sh ended: where ENDRUN was not said, a step failed (`set -e`) or left the shell.
void test_ran(ShellRun& s, const ShellEvent& event) {
  if (!s.running || s.running->suite->id != event.id) return;
  const auto why = event.id + " ended before its steps did, with status " + std::to_string(event.status);
  s.run->note(Finding::case_failed, why);
  end_suite(s, why);
}

void install_failed(ShellRun& s, const ShellEvent& event) {
  const auto id = event.id.empty() ? std::string("a test") : event.id;
  s.run->note(Finding::dut_failed, id + ": its installation failed with status " + std::to_string(event.status));
  TestCase whole{"lava", id, CaseResult::fail};
  whole.message = "installation failed";
  s.run->report(std::move(whole));
  s.done.insert(event.id);
}

Task<> report_case(std::shared_ptr<ShellRun> s, ShellEvent event) {
  if (!s->running) {
    note_malformed(*s, "the result of " + event.id + " came while no test ran");
    co_return ok();
  }
  if (event.number && !s->running->numbers.insert(*event.number).second) {
    s->run->log(LogLevel::debug, "result " + std::to_string(*event.number) + " was said again");
    co_return ok();
  }
  if (auto shown = co_await ConsoleLog::catch_up(s->run->console_log, event.end, Deadline::after(line_patience));
      !shown)
    if (shown.error().code == Errc::canceled) co_return shown;
  auto& running = *s->running;
  running.seen.insert(event.id);
  TestCase test_case{running.suite->id, running.set.empty() ? event.id : running.set + "/" + event.id, event.result};
  test_case.measurement = event.measurement;
  test_case.units = event.units;
  test_case.line = event.end > 0 ? s->run->console_log->log_line_at(event.end - 1) : 0;
  if (event.kind == Kind::reference) test_case.message = "see " + event.text;
  const auto& expected = expected_of(*running.suite);
  if (expected && std::ranges::find(*expected, event.id) == expected->end()) {
    s->run->log(LogLevel::warning, "case '" + event.id + "' is not in the list of expected cases");
    test_case.result = CaseResult::fail;
    test_case.message = "not an expected case";
  }
  s->run->report(std::move(test_case));
  co_return ok();
}

/// Shows what another console of the board said since it was last asked for.
Task<> feedback(std::shared_ptr<ShellRun> s, std::string name) {
  const auto console = s->run->input.board->console(name);
  if (!console) {
    s->run->log(LogLevel::warning, "feedback: the board has no console '" + name + "'");
    co_return ok();
  }
  constexpr std::uint64_t most_bytes = 1 << 20;
  const auto end = console->end();
  auto& from = s->feedback_from[name];
  from = std::max(from, end - std::min(end, most_bytes));
  HILLTOP_CO_TRY(const auto text, co_await console->fetch(from, end, s->deadline));
  from = end;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto line_end = std::min(text.find('\n', at), text.size());
    s->run->log(LogLevel::feedback, clean_for_display(std::string_view(text).substr(at, line_end - at)));
    at = line_end + 1;
  }
  co_return ok();
}

void take_back(ShellRun& s, const ShellEvent& event) {
  s.back = true;
  s.run->cursor = event.end;
  if (event.status != 0 && s.done.empty() && !s.running)
    s.run->note(Finding::dut_failed, "the test runner ended with status " + std::to_string(event.status));
}

void take_now(ShellRun& s, const ShellEvent& event) {
  switch (event.kind) {
    case Kind::run_started:
      return start_suite(s, event);
    case Kind::run_ended:
      return finish_suite(s, event);
    case Kind::test_ran:
      return test_ran(s, event);
    case Kind::install_failed:
      return install_failed(s, event);
    case Kind::set_started:
      if (s.running) s.running->set = event.id;
      return;
    case Kind::set_stopped:
      if (s.running) s.running->set.clear();
      return;
    case Kind::event:
      s.run->log(LogLevel::event, event.text);
      return;
    case Kind::malformed:
      return note_malformed(s, "a result that cannot be read: " + event.text);
    case Kind::runner_ended:
      s.exited = s.deadline.at_most(return_patience);
      return;
    case Kind::shell_back:
      return take_back(s, event);
    default:
      s.run->log(LogLevel::debug, "the board said " + (event.text.empty() ? event.id : event.text));
      return;
  }
}

}  // namespace

Task<> take(std::shared_ptr<ShellRun> s, ShellEvent event) {
  if (s->back) co_return ok();
  if (event.kind == Kind::case_reported || event.kind == Kind::reference)
    co_return co_await report_case(s, std::move(event));
  if (event.kind == Kind::feedback) co_return co_await feedback(s, event.id);
  if (event.kind == Kind::raised) co_return s->run->fail(Finding::dut_failed, "a test ended the job: " + event.text);
  take_now(*s, event);
  co_return ok();
}

void close(ShellRun& s, bool ended) {
  if (s.running) {
    const auto why = s.running->suite->id + " did not end";
    if (ended) s.run->note(Finding::case_failed, why);
    end_suite(s, why);
  }
  for (const auto& suite : s.suites()) {
    if (s.done.contains(suite.id)) continue;
    if (ended) s.run->note(Finding::test_not_ended, suite.id + " did not run");
    report_missing(s, suite, {});
    TestCase whole{"lava", suite.id, CaseResult::fail};
    whole.message = "did not run";
    s.run->report(std::move(whole));
  }
}

}  // namespace hilltop::jobs::shell
