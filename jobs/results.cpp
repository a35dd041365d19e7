// SPDX-License-Identifier: Apache-2.0
#include "jobs/results.hpp"

#include <array>

namespace hilltop::jobs {
namespace {

template <std::size_t N>
std::optional<std::size_t> index_of(const std::array<std::string_view, N>& names, std::string_view text) noexcept {
  for (std::size_t i = 0; i < N; ++i)
    if (names[i] == text) return i;
  return std::nullopt;
}

constexpr std::array<std::string_view, 4> verdict_names{"pass", "fail", "incomplete", "canceled"};
constexpr std::array<std::string_view, 9> level_names{"debug", "info",     "warning", "error", "target",
                                                      "input", "feedback", "results", "event"};

}  // namespace

std::string_view to_string(Verdict verdict) noexcept { return verdict_names[static_cast<std::size_t>(verdict)]; }

std::optional<Verdict> verdict_from(std::string_view text) noexcept {
  if (const auto i = index_of(verdict_names, text)) return static_cast<Verdict>(*i);
  return std::nullopt;
}

std::string_view to_string(LogLevel level) noexcept { return level_names[static_cast<std::size_t>(level)]; }

std::optional<LogLevel> log_level_from(std::string_view text) noexcept {
  if (const auto i = index_of(level_names, text)) return static_cast<LogLevel>(*i);
  return std::nullopt;
}

}  // namespace hilltop::jobs
