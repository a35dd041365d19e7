// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "drivers/api/device.hpp"
#include "drivers/core/env.hpp"
#include "drivers/fake/replay_script.hpp"

namespace hilltop::drivers {

/// What happened to a replayed board, for tests.
struct ReplayCounters {
  std::uint64_t power_ons = 0;
  std::uint64_t power_offs = 0;
  std::uint64_t resets = 0;
  std::uint64_t flashes = 0;
  std::string typed;  ///< everything that was typed while it had power, at most the last 64 KiB
};

/// A board that plays a script: for tests, demonstrations and benches. Offers power, console ("main"), probe and flash.
/// Its console is a socket pair that the real engine reads, as an emulated board's is. What it has not sent when power
/// goes is lost. Thread: of its executor; no threads of its own.
class ReplayDevice : public Device {
 public:
  static std::unique_ptr<ReplayDevice> make(const Env& env, ReplayScript script);
  [[nodiscard]] virtual const ReplayCounters& counters() const = 0;
};

}  // namespace hilltop::drivers
