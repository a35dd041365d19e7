// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

namespace hilltop {

using namespace std::chrono_literals;  // durations are written with their units everywhere

/// The point of steady time by which an operation must have ended. Callees only shorten it.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] static Deadline never() { return Deadline(Clock::time_point::max()); }
  [[nodiscard]] static Deadline at(Clock::time_point when) { return Deadline(when); }
  [[nodiscard]] static Deadline after(Clock::duration d) {
    const auto now = Clock::now();
    return Deadline(d >= Clock::time_point::max() - now ? Clock::time_point::max() : now + d);
  }

  /// This deadline, or `d` from now if that is earlier.
  [[nodiscard]] Deadline at_most(Clock::duration d) const { return Deadline(std::min(when_, after(d).when_)); }
  [[nodiscard]] Deadline earliest(Deadline other) const { return Deadline(std::min(when_, other.when_)); }

  [[nodiscard]] Clock::time_point when() const { return when_; }
  [[nodiscard]] bool is_never() const { return when_ == Clock::time_point::max(); }
  [[nodiscard]] bool passed() const { return Clock::now() >= when_; }
  /// Time left, never negative.
  [[nodiscard]] Clock::duration left() const { return std::max(when_ - Clock::now(), Clock::duration::zero()); }

 private:
  explicit Deadline(Clock::time_point when) : when_(when) {}
  Clock::time_point when_;
};

}  // namespace hilltop
