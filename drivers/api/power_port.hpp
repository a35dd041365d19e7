// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "drivers/core/task.hpp"

namespace hilltop::drivers {

enum class PowerState : std::uint8_t { off, on, unknown };
[[nodiscard]] std::string_view to_string(PowerState state) noexcept;

/// One switchable thing: an outlet, a hub port, a relay, an emulator's process.
/// Thread: the worker's. One operation at a time (the board session sees to that).
class PowerPort {
 public:
  virtual ~PowerPort() = default;

  /// Switches and, where the device can say it, reads back until it agrees.
  /// Errors: mismatch (infrastructure) when the read-back disagrees at the deadline; timeout, unavailable (infrastructure).
  virtual Task<> set(PowerState wanted, Deadline deadline) = 0;

  /// What the device says now; `unknown` where it cannot say.
  virtual Task<PowerState> state(Deadline deadline) = 0;

  /// Called on the worker's thread when power is lost without having been switched (an emulator that died, a breaker).
  virtual void on_lost(std::function<void(std::string reason)> handler) { (void)handler; }

  /// Whether rest() does anything: only an emulated board can.
  [[nodiscard]] virtual bool can_rest() const { return false; }
  /// Halts the board for `duration`, so that it costs its host nothing; it goes on where it was. Value: whether it was
  /// typed to meanwhile, which ends the rest early, as any operation on the board does. Time stands still for it.
  virtual Task<bool> rest(std::chrono::milliseconds duration) { return no_rest(duration); }

 private:
  static Task<bool> no_rest(std::chrono::milliseconds) { co_return false; }
};

}  // namespace hilltop::drivers
