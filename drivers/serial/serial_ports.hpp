// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "drivers/core/env.hpp"
#include "drivers/usb/usb_device.hpp"

namespace hilltop::drivers {

/// A serial port of this machine, and what it belongs to.
struct SerialPort {
  std::string node = {};                  ///< "/dev/ttyUSB0": today's name
  std::string by_id = {};                 ///< the names that stay: "/dev/serial/by-id/...", "" where there is none
  std::string by_path = {};               ///< "/dev/serial/by-path/..."
  std::string description = {};           ///< as the system has it
  std::optional<UsbDeviceInfo> usb = {};  ///< its USB device, if it is one's
  unsigned interface = 0;                 ///< of that device
  bool shares_device = false;             ///< the device has several ports: an address needs `interface`

  /// What a lab file says for it, on one line: "{driver: tty, usb: {serial: A50285BI, interface: 0}}".
  /// `all`: the devices that are plugged in, to know whether the serial number tells it from others.
  [[nodiscard]] std::string address(const std::vector<UsbDeviceInfo>& all) const;
};

/// The ports that there are now: USB ones by device and interface, then the rest by name. No port is opened for long,
/// none is set. Source of the list: libserialport's sp_list_ports(), sysfs; the links are udev's 60-serial.rules.
/// Errors: io (infrastructure); those of UsbBus::of(). Thread: the worker's; what blocks runs beside it.
Task<std::vector<SerialPort>> serial_ports(Env env, Deadline deadline);

}  // namespace hilltop::drivers
