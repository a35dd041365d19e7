// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <set>

#include "jobs/action/actions.hpp"
#include "jobs/action/monitor_result.hpp"
#include "jobs/action/watching.hpp"

namespace hilltop::jobs {
namespace {

using boards::Expect;
using boards::Match;
using boards::PatternSet;

constexpr std::uint64_t reset_look = 64 * 1024;  // how far after a repeated first line the start pattern may come
constexpr auto line_patience = 200ms;            // for the log to show the line that a result stands on

/// One monitor at work.
struct Watch {
  std::shared_ptr<JobRun> run;
  const Monitor* monitor;
  ActionContext context;
  Deadline deadline = Deadline::never();
  std::shared_ptr<Expect> expect;
  TestWindow window;
  std::string suite;
  std::uint64_t began_at = 0;  ///< of the start pattern's match
  struct Seen {
    std::uint64_t offset;
    CaseResult result;
    std::string printed;  ///< the id as the board said it
    std::string id;
  };
  std::vector<Seen> seen;
  bool malformed = false;
};

Task<Match> next(std::shared_ptr<Watch> w, PatternSet patterns) {
  const auto limit = w->deadline.at_most(w->context.connection_timeout());
  auto match = co_await expect_watching<Match>(w->run, w->expect.get(), patterns, w->window, limit);
  if (match) w->run->cursor = match->end;
  co_return match;
}

/// The judgement of the console, and a reset that no rule knows: the first line of the boot came again, and after it
/// the start pattern. (Either alone is common: firmware that loops, several suites.)
Task<> judge_run(std::shared_ptr<Watch> w, std::uint64_t to) {
  HILLTOP_CO_CHECK(co_await judge_console(w->run, w->window, to));
  const auto repeats = w->run->console_log->repeats(w->window.resets_from, to);
  if (repeats.empty()) co_return ok();
  HILLTOP_CO_TRY(const auto start, PatternSet::compile({w->monitor->start}));
  const auto from = repeats.front().offset;
  HILLTOP_CO_TRY(const auto since,
                 co_await w->run->console->fetch(from, std::min(to, from + reset_look), Deadline::after(10s)));
  HILLTOP_CO_TRY(const auto again, start.search(since));
  if (!again) co_return ok();
  co_return w->run->fail(Finding::unexpected_reset,
                         "the board was reset while a test ran: it said again: " + repeats.front().text +
                             " (log line " + std::to_string(repeats.front().log_line) + ")");
}

/// What a time-out of `next` means for the job.
Task<> explain_stall(std::shared_ptr<Watch> w, std::uint64_t waited_from, std::string what) {
  HILLTOP_CO_CHECK(co_await judge_run(w, w->run->console->end()));
  const auto limit = std::min<std::chrono::nanoseconds>(w->context.connection_timeout(), w->deadline.left());
  const auto why = w->deadline.passed() ? std::string("its time is over") : "nothing of it came for " + to_human(limit);
  co_return co_await stalled(w->run, w->window, w->run->console->end() == waited_from,
                             "monitor '" + w->monitor->name + "': " + what + ": " + why);
}

Task<> wait_for_start(std::shared_ptr<Watch> w) {
  HILLTOP_CO_TRY(auto start, PatternSet::compile({w->monitor->start}));
  const auto from = w->run->cursor;
  auto match = co_await next(w, start);
  if (match) {
    w->began_at = match->begin;
    w->window.resets_from = match->end;
    co_return ok();
  }
  if (match.error().code != Errc::timeout) co_return co_await explained(w->run, w->window, std::move(match).error());
  HILLTOP_CO_CHECK(co_await judge_console(w->run, w->window, w->run->console->end()));
  const bool silent = w->run->console->end() == from;
  const auto what = "monitor '" + w->monitor->name + "': the start pattern '" + w->monitor->start + "' was never seen";
  co_return w->run->fail(
      silent ? Finding::board_silent : Finding::not_reached,
      what + (silent ? ": the board was silent" : "; the last words were: " + clean_for_display(w->expect->tail())));
}

/// Reports one match of the result pattern.
Task<> take_result(std::shared_ptr<Watch> w, Match match) {
  if (match.begin == match.end)
    co_return w->run->fail(Finding::job_wrong, "monitor '" + w->monitor->name + "': its pattern matches an empty text");
  auto read = read_monitor_result(*w->monitor, match.groups);
  if (!read) {
    w->malformed = true;
    w->run->note(Finding::malformed_result, "monitor '" + w->monitor->name + "': malformed result '" +
                                                clean_for_display(match.text) + "': " + read.error().text);
    co_return ok();
  }
  if (auto shown = co_await ConsoleLog::catch_up(w->run->console_log, match.end, Deadline::after(line_patience));
      !shown)
    if (shown.error().code == Errc::canceled) co_return shown;
  TestCase test_case = *std::move(read);
  test_case.suite = w->suite;
  test_case.line = w->run->console_log->log_line_at(match.end - 1);
  w->seen.push_back({match.begin, test_case.result, match.groups["test_case_id"], test_case.name});
  if (!is_expected(*w->monitor, test_case.name)) {
    w->run->log(LogLevel::warning, "case '" + test_case.name + "' is not in the list of expected cases");
    test_case.result = CaseResult::fail;
    test_case.message = "not an expected case";
  }
  if (test_case.result == CaseResult::fail && test_case.message.empty())
    test_case.message = clean_for_display(match.text);
  w->run->report(std::move(test_case));
  co_return ok();
}

Task<> watch_until_end(std::shared_ptr<Watch> w) {
  HILLTOP_CO_TRY(auto patterns, PatternSet::compile({w->monitor->end, w->monitor->pattern}));
  while (true) {
    const auto waited_from = w->run->console->end();
    auto match = co_await next(w, patterns);
    if (match && match->pattern == 0) co_return ok();
    if (match) {
      HILLTOP_CO_CHECK(co_await take_result(w, *std::move(match)));
      continue;
    }
    if (match.error().code != Errc::timeout) co_return co_await explained(w->run, w->window, std::move(match).error());
    const auto what = "the end pattern was not seen after " + std::to_string(w->seen.size()) + " cases";
    co_return co_await explain_stall(w, waited_from, what);
  }
}

/// Cases that were announced and did not come are failures: at the end, however the test ended.
void report_missing(const Watch& w) {
  if (!w.monitor->expected) return;
  std::set<std::string> seen;
  for (const auto& one : w.seen) seen.insert(one.id);
  for (const auto& name : *w.monitor->expected) {
    if (seen.contains(case_id(name))) continue;
    w.run->note(Finding::expected_missing, "the expected case " + w.suite + "/" + name + " was not seen");
    TestCase missing{w.suite, case_id(name), CaseResult::fail};
    missing.message = "expected, and not seen";
    w.run->report(std::move(missing));
  }
}

/// Holds the firmware's own summary against what was seen.
void hold_against_summary(const Watch& w) {
  const auto lines = w.run->console_log->summaries(w.began_at, w.run->cursor);
  ZtestSummary summary;
  for (const auto& line : lines) summary.add(line.line);
  ZtestSummary::Seen counts;
  for (const auto& one : w.seen) {
    const auto on_summary = std::ranges::any_of(lines, [&](const auto& line) {
      return line.line.kind == ZtestLine::Kind::suite_summary && one.offset >= line.offset && one.offset < line.end;
    });
    if (on_summary) continue;  // a generous pattern that matched the summary itself
    counts.names.insert(one.printed);
    if (one.result == CaseResult::pass) ++counts.pass;
    if (one.result == CaseResult::fail) ++counts.fail;
    if (one.result == CaseResult::skip) ++counts.skip;
  }
  if (auto wrong = summary.disagreement(counts))
    w.run->note(Finding::count_disagrees, "monitor '" + w.monitor->name + "': " + *wrong);
  else if (summary.says_failed())
    w.run->note(Finding::summary_failed, "monitor '" + w.monitor->name + "': the firmware's summary says failed");
}

Task<> judge_end(std::shared_ptr<Watch> w) {
  HILLTOP_CO_CHECK(co_await judge_run(w, w->run->cursor));
  hold_against_summary(*w);
  if (w->seen.empty() && !w->malformed)
    w->run->note(Finding::no_result, "monitor '" + w->monitor->name + "' saw its end, and not one result");
  co_return ok();
}

Task<> run_monitor(std::shared_ptr<Watch> w) {
  HILLTOP_CO_CHECK(co_await wait_for_start(w));
  HILLTOP_CO_CHECK(co_await watch_until_end(w));
  co_return co_await judge_end(w);
}

}  // namespace

Task<> test_monitors(std::shared_ptr<JobRun> run, const TestMonitors* block, ActionContext context) {
  for (const auto& monitor : block->monitors) {
    auto watch = std::make_shared<Watch>();
    watch->run = run;
    watch->monitor = &monitor;
    watch->context = context;
    watch->deadline = context.deadline;
    watch->expect = std::make_shared<Expect>(run->console, run->cursor);
    watch->window = {run->cursor, UINT64_MAX, run->booted_at};
    watch->suite = monitor_suite(monitor.name);
    const auto facts_before = run->facts.size();
    auto result = co_await run_monitor(watch);
    if (!result && result.error().code == Errc::canceled) co_return result;
    report_missing(*watch);
    const auto lava_name = std::to_string(context.stage) + "_" + case_id(monitor.name);
    const bool ended = result.has_value();
    result = after_skip(*run, context, facts_before, std::move(result));
    run->report({"lava", lava_name, ended ? CaseResult::pass : result ? CaseResult::skip : CaseResult::fail});
    if (!result) co_return result;
  }
  co_return ok();
}

}  // namespace hilltop::jobs
