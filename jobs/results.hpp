// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "drivers/core/clock.hpp"
#include "drivers/core/error.hpp"
#include "jobs/definition/job_definition.hpp"

namespace hilltop::jobs {

/// One reported check.
struct TestCase {
  std::string suite;
  std::string name;
  CaseResult result = CaseResult::unknown;
  std::optional<double> measurement;
  std::string units;
  std::optional<double> duration_s;
  std::uint64_t line = 0;          ///< the line of the job's log that decided it (1-based; 0: none)
  std::string message;             ///< why, for a failure
};

enum class Verdict : std::uint8_t { pass, fail, incomplete, canceled };
[[nodiscard]] std::string_view to_string(Verdict verdict) noexcept;
[[nodiscard]] std::optional<Verdict> verdict_from(std::string_view text) noexcept;

/// What a job came to (DESIGN.md 5).
struct Outcome {
  Verdict verdict = Verdict::incomplete;
  std::optional<Blame> blame;      ///< none for pass
  std::string reason;              ///< one sentence; "" for pass
  bool board_suspect = false;      ///< the board's health becomes suspect
  bool retry = false;              ///< run it again (infrastructure: on another board if there is one)
};

/// Severity of a line of a job's log: LAVA's levels.
enum class LogLevel : std::uint8_t { debug, info, warning, error, target, input, feedback, results, event };
[[nodiscard]] std::string_view to_string(LogLevel level) noexcept;
[[nodiscard]] std::optional<LogLevel> log_level_from(std::string_view text) noexcept;

/// One line of a job's log.
struct LogLine {
  UtcTime time;
  LogLevel level = LogLevel::info;
  std::string text;          ///< `target`: a line of the console, cleaned for display (the transcript has the bytes)
  std::string name_space;    ///< "" or the action's
};

}  // namespace hilltop::jobs
