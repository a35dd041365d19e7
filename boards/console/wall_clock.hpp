// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "drivers/core/clock.hpp"

namespace hilltop::boards {

/// What time it is: a seam, so that tests can set the clock. Thread: any.
class WallClock {
 public:
  using Steady = std::chrono::time_point<std::chrono::steady_clock, std::chrono::microseconds>;
  virtual ~WallClock() = default;
  [[nodiscard]] virtual UtcTime utc() const;
  [[nodiscard]] virtual Steady steady() const;
};

/// UTC that never goes back: it runs with the monotonic clock, follows the system's clock forward, and stays ahead when
/// that is set back. Thread: one.
class SteadyUtc {
 public:
  explicit SteadyUtc(std::shared_ptr<const WallClock> clock);

  [[nodiscard]] UtcTime now() const;
  /// Compares with the system's clock: call it about once a second. Value: by how much it was set back since the last
  /// time (100 ms or more).
  std::optional<std::chrono::milliseconds> follow();

 private:
  [[nodiscard]] std::optional<std::chrono::microseconds> difference() const;
  std::shared_ptr<const WallClock> clock_;
  std::chrono::microseconds ours_{0};    // now() - steady
  std::chrono::microseconds system_{0};  // the system's UTC - steady, when last seen
};

}  // namespace hilltop::boards
