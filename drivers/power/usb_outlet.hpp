// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "drivers/api/device.hpp"
#include "drivers/core/fields.hpp"
#include "drivers/usb/usb_bus.hpp"

namespace hilltop::drivers {

/// How one kind of USB unit is talked to: what its driver writes, the rest is the same for all.
struct UsbUnitKind {
  std::optional<std::uint8_t> interface = {};  ///< taken from the kernel's driver while the unit is used
  bool stays_open = false;                     ///< it forgets what it was told when it is closed
  Task<> (*set)(std::shared_ptr<UsbHandle> unit, unsigned outlet, bool on, Deadline deadline) = nullptr;
  /// nullptr: it cannot say.
  Task<bool> (*get)(std::shared_ptr<UsbHandle> unit, unsigned outlet, Deadline deadline) = nullptr;
};

/// One outlet of a unit.
struct UsbOutlet {
  UsbMatch match = {};
  unsigned outlet = 1;
  bool normally_closed = false;  ///< the board hangs at the relay's contact that is closed when the relay is off
};

/// Reads `outlet: 1..most`, `normally_closed:` and which unit it is. Complaints have place and suggestion.
UsbOutlet read_usb_outlet(Fields& fields, std::optional<UsbMatch> id, unsigned most);

/// The outlet as a device: finds its unit anew for each operation, waits for its turn, claims, switches, reads back,
/// and gives the unit back. Tells when the unit is unplugged. `kind` lives forever.
std::unique_ptr<Device> make_usb_outlet(const Env& env, const UsbUnitKind& kind, UsbOutlet outlet);

}  // namespace hilltop::drivers
