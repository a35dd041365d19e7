// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/usb/usb_bus.hpp"

namespace hilltop::drivers {

/// The hub and the port that a device at `path` is plugged into: {"1-1", 4} for "1-1.4", {"usb1", 2} for "1-2".
/// Errors: bad_input (configuration) for a root hub, or what is no path.
struct HubPort {
  std::string hub = {};
  std::uint8_t port = 0;
};
[[nodiscard]] Result<HubPort> hub_port_of(const std::string& path);

/// Brings a device back that hangs: a reset of its port, and where that does not help, its hub port's power off and on
/// (only where the hub switches that port by itself: what else is on the hub is left alone). `last` is what it was when
/// it still answered: UsbHandle::info(). Nobody else may use the device meanwhile.
/// Value: a new handle. Errors: what the last attempt came to, with what was tried.
Task<std::shared_ptr<UsbHandle>> recover_usb_device(std::shared_ptr<UsbBus> bus, UsbMatch match, UsbDeviceInfo last,
                                                    Deadline deadline);

}  // namespace hilltop::drivers
