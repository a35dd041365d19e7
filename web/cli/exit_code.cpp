// SPDX-License-Identifier: Apache-2.0
#include "web/cli/exit_code.hpp"

#include <algorithm>

namespace hilltop::cli {

ExitCode exit_code_of_verdict(std::string_view verdict) noexcept {
  if (verdict == "pass") return exit_pass;
  if (verdict == "fail") return exit_fail;
  if (verdict == "canceled") return exit_canceled;
  return exit_incomplete;
}

bool is_unreachable(const Error& error) noexcept {
  // A refusal by the server never carries these codes together with this blame: see api.cpp.
  return error.blame == Blame::infrastructure &&
         (error.code == Errc::unavailable || error.code == Errc::timeout || error.code == Errc::protocol);
}

ExitCode exit_code_of(const Error& error) noexcept { return is_unreachable(error) ? exit_unreachable : exit_refused; }

ExitCode worst(ExitCode a, ExitCode b) noexcept { return std::max(a, b); }

}  // namespace hilltop::cli
