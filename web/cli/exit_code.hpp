// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "drivers/core/error.hpp"

namespace hilltop::cli {

/// Exit codes that scripts rely on (DESIGN.md 5 and 6).
enum ExitCode : int {
  exit_pass = 0,
  exit_fail = 1,
  exit_refused = 2,  ///< or usage
  exit_incomplete = 3,
  exit_canceled = 4,
  exit_unreachable = 5,
};

/// Of a verdict's name; exit_incomplete for one that is none.
[[nodiscard]] ExitCode exit_code_of_verdict(std::string_view verdict) noexcept;

/// Of an error: exit_unreachable when the server was out of reach, else exit_refused.
[[nodiscard]] ExitCode exit_code_of(const Error& error) noexcept;

/// True when the server could not be reached or went away: what one may try again.
[[nodiscard]] bool is_unreachable(const Error& error) noexcept;

/// Of several jobs: the worst, in the order of the codes.
[[nodiscard]] ExitCode worst(ExitCode a, ExitCode b) noexcept;

}  // namespace hilltop::cli
