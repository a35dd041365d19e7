// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "tests/usb_lab/models/state_log.hpp"

namespace hilltop::usb_lab {

/// What a hub's power switches do to its downstream connectors. A USB 3 hub is two hubs in one box, which share the
/// connectors: VBUS is there while either of them powers the port (USB 3.2, 10.3.1.1: it is removed when both agree).
/// Logs `vbus PORT on|off`.
class PowerSwitch {
 public:
  enum class Kind : std::uint8_t {
    per_port,  ///< each port alone
    ganged,    ///< all or none: on while any port is on (USB 2.0, 11.11)
    none,      ///< VBUS is always there, and the hub says so
    fake       ///< VBUS is always there, and the hub says that it switches each port
  };

  PowerSwitch(Kind kind, unsigned ports, StateLog log) : kind_(kind), ports_(ports), log_(std::move(log)) {}

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] unsigned ports() const { return ports_; }
  /// Another hub of the box; the value is its number here.
  std::size_t add_hub();
  void set(std::size_t hub, unsigned port, bool on);
  /// Whether there are 5 V at connector `port`, from 1.
  [[nodiscard]] bool vbus(unsigned port) const;

 private:
  [[nodiscard]] bool any_hub_powers(unsigned port) const;

  Kind kind_;
  unsigned ports_;
  StateLog log_;
  std::vector<std::vector<bool>> wanted_;  ///< of each hub, of each port
};

}  // namespace hilltop::usb_lab
