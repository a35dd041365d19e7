// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/log.hpp"

#include <unistd.h>

#include <array>
#include <atomic>

#include "drivers/core/clock.hpp"

namespace hilltop::log {
namespace {

constinit std::atomic<Level> threshold{Level::info};
constexpr std::array<std::string_view, 4> names = {"debug", "info", "warning", "error"};

}  // namespace

void set_level(Level level) { threshold = level; }

bool enabled(Level level) noexcept { return level >= threshold.load(std::memory_order_relaxed); }

void write(Level level, std::string_view text) {
  const auto line = fmt::format("{} {:7} {}\n", to_rfc3339(utc_now()), names.at(static_cast<std::size_t>(level)), text);
  // One write(2) a line: lines of several threads never mix. A full or closed standard error must not stop a lab.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace hilltop::log
