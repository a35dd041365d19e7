// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "web/cli/context.hpp"

namespace hilltop::cli {

/// One thing that a board of the lab has been asked to show.
struct ProofStep {
  enum class State : std::uint8_t { proved, unproved, failed };
  State state = State::proved;
  std::string what;    ///< "power off"
  std::string detail;  ///< "1-1.4 left the bus, read back: off"
};

/// How long a proof waits for what a board shows.
struct ProofTimes {
  std::chrono::milliseconds leave{10'000}, come_back{30'000};  ///< of its USB devices
  std::chrono::milliseconds speak{30'000}, silence{2'000};     ///< of its console
};

/// Switches the board off and on, resets it and asks its probe, and looks each time whether anything outside of
/// hilltop's own word shows it: a USB device that leaves and comes back, a console that is silent and speaks. `seen`
/// gets each step as it ends. Stops after a step that failed.
std::vector<ProofStep> prove_board(Api& api, const std::string& board,
                                   const std::function<void(const ProofStep&)>& seen, ProofTimes times = {});

}  // namespace hilltop::cli
