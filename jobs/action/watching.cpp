// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/watching.hpp"

#include <algorithm>

namespace hilltop::jobs {
std::optional<Fact> fault_in(const JobRun& run, const TestWindow& window, std::uint64_t to) {
  const auto told = [](const ConsoleLog::Notable& seen) {
    const auto line = seen.log_line == 0 ? std::string() : " (log line " + std::to_string(seen.log_line) + ")";
    return seen.rule->summary + ": " + seen.text + line;
  };
  const auto faults = run.console_log->faults(window.faults_from, to);
  if (!faults.empty()) return Fact{Finding::fault_seen, "while a test ran: " + told(faults.front())};
  for (const auto& banner : run.console_log->boots(window.resets_from, to)) {
    const auto before = run.console_log->boots(window.booted_at.value_or(0), banner.offset);
    const bool again = std::ranges::any_of(before, [&](const auto& other) { return other.rule == banner.rule; });
    if (again || !window.booted_at)
      return Fact{Finding::unexpected_reset, "the board was reset while a test ran: " + told(banner)};
  }
  return std::nullopt;
}

Task<> judge_console(std::shared_ptr<JobRun> run, TestWindow window, std::uint64_t to) {
  // The log reads on its own: without this a fault just before the end pattern could be overlooked.
  if (auto read = co_await ConsoleLog::settle(run->console_log, to); !read) {
    if (read.error().code == Errc::canceled) co_return read;
    co_return run->fail(Finding::defect, "the console's log did not catch up with the test");
  }
  run->console_log->judge_rest();
  if (auto fact = fault_in(*run, window, to)) co_return run->fail(fact->finding, fact->text);
  co_return ok();
}

asio::awaitable<Error> explained(std::shared_ptr<JobRun> run, TestWindow window, Error error) {
  if (error.code == Errc::canceled) co_return error;
  auto judged = co_await judge_console(run, window, run->console->end());
  co_return judged ? error : std::move(judged).error();
}

Task<> stalled(std::shared_ptr<JobRun> run, TestWindow window, bool silent, std::string what) {
  HILLTOP_CO_CHECK(co_await judge_console(run, window, run->console->end()));
  if (silent) co_return run->fail(Finding::test_silent, what + "; the board was silent");
  co_return run->fail(Finding::test_not_ended, what);
}

Result<> after_skip(JobRun& run, const ActionContext& context, std::size_t facts_before, Result<> result) {
  if (result || !context.skip_on_timeout || result.error().code == Errc::canceled) return result;
  const auto stall = [](const Fact& f) {
    return f.finding == Finding::test_silent || f.finding == Finding::test_not_ended;
  };
  const auto first = run.facts.begin() + static_cast<std::ptrdiff_t>(facts_before);
  if (std::none_of(first, run.facts.end(), stall)) return result;
  run.facts.erase(std::remove_if(first, run.facts.end(), stall), run.facts.end());
  run.log(LogLevel::warning, "the time-out of this test has skip: the job goes on");
  return ok();
}

}  // namespace hilltop::jobs
