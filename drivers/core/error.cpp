// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/error.hpp"

#include <array>
#include <system_error>
#include <utility>

namespace hilltop {
namespace {

constexpr std::array<std::string_view, 12> errc_names = {
    "bad_input", "not_found", "timeout",  "unavailable", "io",     "protocol",
    "mismatch",  "busy",      "canceled", "unsupported", "denied", "internal"};
constexpr std::array<std::string_view, 6> blame_names = {"infrastructure", "job",      "dut",
                                                         "configuration",  "canceled", "bug"};

}  // namespace

Error Error::within(std::string_view prefix) && {
  text.insert(0, std::string(prefix) + ": ");
  return std::move(*this);
}

Error Error::within(std::string_view prefix) const& { return Error(*this).within(prefix); }

std::string_view to_string(Errc code) noexcept { return errc_names.at(static_cast<std::size_t>(code)); }

std::string_view to_string(Blame blame) noexcept { return blame_names.at(static_cast<std::size_t>(blame)); }

Blame blame_from(std::string_view name) noexcept {
  for (std::size_t i = 0; i < blame_names.size(); ++i)
    if (blame_names[i] == name) return static_cast<Blame>(i);
  return Blame::bug;
}

Error system_error(std::string_view what, int code) {
  return {Errc::io, Blame::infrastructure,
          std::string(what) + ": " + std::error_code(code, std::generic_category()).message()};
}

Error canceled_error(std::string_view what) {
  return {Errc::canceled, Blame::canceled, std::string(what) + ": canceled"};
}

}  // namespace hilltop
