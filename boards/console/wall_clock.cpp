// SPDX-License-Identifier: Apache-2.0
#include "boards/console/wall_clock.hpp"

namespace hilltop::boards {
namespace {

using std::chrono::microseconds;
constexpr microseconds smallest_step = std::chrono::milliseconds(100);  // less is the way clocks are disciplined
constexpr microseconds sharp = microseconds(200);  // a comparison that took longer was interrupted, and says nothing
constexpr int attempts = 5;

}  // namespace

UtcTime WallClock::utc() const { return utc_now(); }

WallClock::Steady WallClock::steady() const {
  return std::chrono::time_point_cast<microseconds>(std::chrono::steady_clock::now());
}

SteadyUtc::SteadyUtc(std::shared_ptr<const WallClock> clock) : clock_(std::move(clock)) {
  system_ = difference().value_or(clock_->utc().time_since_epoch() - clock_->steady().time_since_epoch());
  ours_ = system_;
}

std::optional<microseconds> SteadyUtc::difference() const {
  for (int i = 0; i < attempts; ++i) {
    const auto before = clock_->steady().time_since_epoch();
    const auto utc = clock_->utc().time_since_epoch();
    const auto after = clock_->steady().time_since_epoch();
    if (after - before <= sharp) return utc - before;
  }
  return std::nullopt;
}

UtcTime SteadyUtc::now() const { return UtcTime(clock_->steady().time_since_epoch() + ours_); }

std::optional<std::chrono::milliseconds> SteadyUtc::follow() {
  const auto seen = difference();
  if (!seen) return std::nullopt;
  const auto back = system_ - *seen;
  system_ = *seen;
  if (system_ - ours_ >= sharp) ours_ = system_;  // set forward, or discipline over a long time
  if (back < smallest_step) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::milliseconds>(back);
}

}  // namespace hilltop::boards
