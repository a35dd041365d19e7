// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "drivers/core/result.hpp"

namespace hilltop::drivers {

/// A serial port that a USB device brought, as the kernel knows it now.
struct UsbTty {
  std::string name = {};      ///< "ttyUSB0": changes with each enumeration
  std::string usb_path = {};  ///< of its device: "1-1.4"
  unsigned interface = 0;     ///< of that device
  unsigned port = 0;          ///< of that interface: most have one

  [[nodiscard]] std::string node() const { return "/dev/" + name; }
};

/// The USB device, interface and port that a tty's place in sysfs names, or nothing where it is no USB port:
/// ".../usb1/1-1/1-1.4/1-1.4:1.0/ttyUSB0/tty/ttyUSB0", ".../1-2:1.1/tty/ttyACM0".
/// Source: Linux, drivers/usb/serial/bus.c, drivers/usb/class/cdc-acm.c: the parents of their ttys.
[[nodiscard]] std::optional<UsbTty> usb_tty_at(const std::string& sysfs_path);

/// All of them, by device, interface and port. Touches no device.
[[nodiscard]] std::vector<UsbTty> usb_ttys();

/// The one of the device at `usb_path`, of its interface `interface` where that is given.
/// Errors: unavailable (infrastructure) where there is none; bad_input (configuration) when the device has several and
/// none was chosen; each names those that are there.
[[nodiscard]] Result<UsbTty> find_usb_tty(const std::vector<UsbTty>& ttys, const std::string& usb_path,
                                          std::optional<unsigned> interface);

}  // namespace hilltop::drivers
