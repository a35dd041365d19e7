// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "boards/console/expect.hpp"
#include "jobs/action/job_run.hpp"

namespace hilltop::jobs {

/// The part of the console in which a fault or reset counts against a test.
struct TestWindow {
  std::uint64_t faults_from = 0;
  std::uint64_t resets_from = 0;  ///< after the start pattern: before it a boot banner is expected
  /// A banner counts only when the same one was seen since here: several pieces of software may say theirs in one boot,
  /// before and after the start pattern. Nothing: each banner counts.
  std::optional<std::uint64_t> booted_at;
};

/// The first fault or unexpected reset between the window's begin and `to`, as a fact.
[[nodiscard]] std::optional<Fact> fault_in(const JobRun& run, const TestWindow& window, std::uint64_t to);

/// Ends a test: waits until all of it was looked at (ConsoleLog::settle: also when the test's time is over), and notes
/// a fault or reset in it. Errors: dut, when there was one.
Task<> judge_console(std::shared_ptr<JobRun> run, TestWindow window, std::uint64_t to);

inline constexpr auto fault_look = std::chrono::milliseconds(250);    // between two looks for faults while waiting
inline constexpr auto fault_grace = std::chrono::milliseconds(1500);  // for the rest of a crash report

/// Waits as `reader.expect` does (Expect, Dialog), and ends soon after a fault was seen, which will explain the
/// silence. Errors: those of the reader; timeout (dut) also soon after a fault.
template <class Match, class Reader, class Patterns>
Task<Match> expect_watching(std::shared_ptr<JobRun> run, Reader* reader, Patterns patterns, TestWindow window,
                            Deadline deadline) {
  auto limit = deadline;
  bool faulty = false;
  while (true) {
    auto match = co_await reader->expect(patterns, limit.at_most(fault_look));
    if (match || match.error().code != Errc::timeout || limit.passed()) co_return match;
    if (!faulty && fault_in(*run, window, run->console->end())) {
      faulty = true;
      limit = limit.at_most(fault_grace);
    }
  }
}

/// What ended a test's waiting other than time: a fault that was seen explains it, else `error` stands.
asio::awaitable<Error> explained(std::shared_ptr<JobRun> run, TestWindow window, Error error);

/// Notes that a test did not go on: silence or other words; a fault that was seen explains it. Gives the error.
Task<> stalled(std::shared_ptr<JobRun> run, TestWindow window, bool silent, std::string what);

/// `timeout: {skip: true}`: a test that did not end in time ends nothing. Takes back what was noted since
/// `facts_before`.
[[nodiscard]] Result<> after_skip(JobRun& run, const ActionContext& context, std::size_t facts_before, Result<> result);

}  // namespace hilltop::jobs
