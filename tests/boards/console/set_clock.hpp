// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "boards/console/wall_clock.hpp"

namespace hilltop::test {

/// A clock that a test sets. Thread: any.
class SetClock final : public boards::WallClock {
 public:
  UtcTime utc() const override { return UtcTime(std::chrono::microseconds(utc_.load())); }
  Steady steady() const override { return Steady(std::chrono::microseconds(steady_.load())); }
  void pass(std::chrono::microseconds time) {
    steady_ += time.count();
    utc_ += time.count();
  }
  void set_back(std::chrono::microseconds by) { utc_ -= by.count(); }

 private:
  std::atomic<std::int64_t> utc_{1'700'000'000'000'000};
  std::atomic<std::int64_t> steady_{5'000'000};
};

/// The real clock, with a UTC that a test shifts. Thread: any.
class ShiftedClock final : public boards::WallClock {
 public:
  UtcTime utc() const override { return WallClock::utc() + std::chrono::microseconds(shift_.load()); }
  void set_back(std::chrono::microseconds by) { shift_ -= by.count(); }

 private:
  std::atomic<std::int64_t> shift_{0};
};

}  // namespace hilltop::test
