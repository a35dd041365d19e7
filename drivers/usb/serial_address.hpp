// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/usb/usb_bus.hpp"

namespace hilltop::drivers {

/// Where a serial port is, as a lab's address says it:
///   path: /dev/serial/by-id/usb-FTDI_...-if00-port0   # a name that stays, or
///   usb: {serial: A50285BI, interface: 0}             # its USB device, by serial number or path (read_usb_match());
///                                                     # `interface` where it has several ports
///   allow_unstable: true   # with `path`: takes /dev/ttyUSB0 and its like, which name whatever was plugged in first
struct SerialAddress {
  std::string path = {};  ///< "": by `usb`
  UsbMatch usb = {};
  std::optional<unsigned> interface = {};

  /// "/dev/ttyS0", "the serial port of serial A50285BI", for messages.
  [[nodiscard]] std::string title() const;
};

/// Reads and checks it. Complaints have place and suggestion.
[[nodiscard]] SerialAddress read_serial_address(Fields& fields, Diagnostics& diagnostics);

/// The node of the port now: looked up anew each time, for it may be another one after each enumeration. Waits until
/// `deadline` for a USB device that is not there.
/// Errors: those of find_usb_device() and find_usb_tty(); canceled.
Task<std::string> find_serial_node(Env env, SerialAddress address, Deadline deadline);

}  // namespace hilltop::drivers
