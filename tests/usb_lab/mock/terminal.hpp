// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <thread>

#include "tests/usb_lab/mock/testbed.hpp"
#include "tests/usb_lab/models/device.hpp"
#include "tests/usb_lab/models/serial_peer.hpp"

namespace hilltop::usb_lab {

/// The tty that a kernel driver would make of a USB serial adapter: /dev/NAME with its place in /sys, a pty behind it,
/// its modem lines logged, and its bytes carried to and from what is at the
/// adapter's serial lines.
class Terminal {
 public:
  /// `interface_path`: sysfs path of the USB interface. Throws std::runtime_error.
  Terminal(Testbed& testbed, const std::string& interface_path, const Description& description, std::string name,
           SerialPeer& peer, StateLog log);
  ~Terminal();

 private:
  bool on_ioctl(UMockdevIoctlClient* client);
  void carry(const std::stop_token& stop) const;

  Testbed& testbed_;
  SerialPeer& peer_;
  std::string name_;
  StateLog log_;
  int modem_ = 0;
  int pty_ = -1;
  std::jthread carrier_;
};

}  // namespace hilltop::usb_lab
