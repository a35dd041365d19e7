// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "boards/board_type.hpp"
#include "boards/inventory.hpp"
#include "drivers/api/hardware.hpp"

/// What is plugged in, laid beside what the lab file says: for `hilltop discover`.
namespace hilltop::boards {

/// A board type that a device may belong to.
struct TypeGuess {
  std::string type;
  std::string because;  ///< "DAPLink's board id 0240", "USB id 0d28:0204"
  int weight = 0;  ///< the better one first: a board's own number says more than a bridge that a hundred boards have
};

/// Which board of the lab has a device.
struct Claim {
  std::string board, role;
  std::string by;  ///< "serial 0240...", "path 1-1.4"
};

/// One device, and what can be said of it.
struct Finding {
  drivers::HardwareDevice device;
  std::string kind;  ///< "debug probe", "serial port", "relay", "hub", ...; "" where nothing is known
  std::vector<TypeGuess> guesses;
  std::vector<Claim> claims;
  std::string stanza;  ///< for the lab file; "" where nothing can be proposed, or where it is claimed
};

struct Discovery {
  std::vector<Finding> devices;
  std::vector<std::pair<drivers::HardwareNode, std::vector<Claim>>> ports;  ///< serial ports that are not on USB
};

[[nodiscard]] Discovery discover(const drivers::HardwareList& hardware, const BoardTypes& types,
                                 const std::vector<BoardConfig>& boards);

/// {"devices":[{"path","id","name",...}],"ports":[...]}.
[[nodiscard]] nlohmann::json to_json(const Discovery& discovery);

/// What a USB device is for by its ids and interfaces; "" where nothing is known.
[[nodiscard]] std::string kind_of(const drivers::HardwareDevice& device);

}  // namespace hilltop::boards
