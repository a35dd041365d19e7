// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/results.hpp"

namespace hilltop::jobs {

/// What can be found out about a job: one enumerator for each cause in DESIGN.md 5, in order of precedence (the first
/// one that was found decides the verdict: what ended the job comes before what it then could not finish).
enum class Finding : std::uint8_t {
  canceled,               ///< canceled, lease revoked
  defect,                 ///< a defect of ours
  fault_seen,             ///< kernel panic, fault, assert while a test ran
  unexpected_reset,       ///< reset or reboot while a test ran
  infrastructure_failed,  ///< power, probe, port, tool failed
  download_failed,        ///< a server that is out of reach, a file that came wrong: no board had a part in it
  configuration_wrong,    ///< the lab's set-up cannot do it
  no_result,              ///< no result where results were announced
  malformed_result,
  count_disagrees,   ///< a count or summary that disagrees with the cases seen
  only_echo,         ///< a result matched only on the echo of what was typed
  job_wrong,         ///< the job's own data is wrong: an image that does not fit, a pattern too costly
  board_silent,      ///< never reached its prompt, login or start pattern: not a byte was seen
  not_reached,       ///< never reached its prompt, login or start pattern: bytes were seen
  test_silent,       ///< a test began and did not end: and the board stayed silent
  test_not_ended,    ///< a test began and did not end: time-out, end pattern never seen
  dut_failed,        ///< the board refused what it was asked: read-back differs, echo does not come
  expected_missing,  ///< an `expected` case is missing
  summary_failed,    ///< a summary says failed, and the cases agree
  case_failed,
};
[[nodiscard]] std::string_view to_string(Finding finding) noexcept;

/// One thing that was found, with what a person wants to read.
struct Fact {
  Finding finding;
  std::string text;
};

enum class Retried : std::uint8_t { no, if_failure_retry, on_another_board };
enum class HealthEffect : std::uint8_t { unchanged, good, suspect };

/// One row of the table of DESIGN.md 5.
struct VerdictRow {
  Finding finding;
  Verdict verdict;
  Blame blame;
  Retried retried;
  HealthEffect health;
};

/// The table, in order of precedence.
[[nodiscard]] std::span<const VerdictRow> verdict_table() noexcept;
[[nodiscard]] const VerdictRow& row_of(Finding finding) noexcept;

/// Decides a job's outcome from everything that was found; no fact at all is a pass. Pure.
[[nodiscard]] Outcome decide(std::span<const Fact> facts);

/// What an error means that no action has explained better.
[[nodiscard]] Finding finding_of(const Error& error) noexcept;

/// Whether another attempt (failure_retry) makes sense after `facts`.
[[nodiscard]] bool worth_another_attempt(std::span<const Fact> facts);

/// The exit status of `hilltop submit --wait`: 0 pass, 1 fail, 3 incomplete, 4 canceled.
[[nodiscard]] int exit_status_of(Verdict verdict) noexcept;

}  // namespace hilltop::jobs
