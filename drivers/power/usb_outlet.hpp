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
  std::optional<std::uint8_t> interface = {};  ///< taken from the kernel's driver
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

/// The outlet as a device: waits for its turn at the unit, switches, and reads back. All outlets of a unit share one
/// handle, which stays open until something fails or the unit leaves: a unit that is asked every few seconds is not
/// given to and taken from the kernel's driver each time. Tells when the unit is unplugged. `kind` lives forever.
std::unique_ptr<Device> make_usb_outlet(const Env& env, const UsbUnitKind& kind, UsbOutlet outlet);

}  // namespace hilltop::drivers
