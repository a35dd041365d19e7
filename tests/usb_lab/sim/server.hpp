// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <list>
#include <memory>

#include "tests/usb_lab/models/device.hpp"

namespace hilltop::usb_lab {

/// One transfer that the other side waits for.
struct Pending {
  std::uint64_t id = 0;
  Transfer transfer;
};

/// What a front end is: one plugged-in device, and a socket on whose other end is a host.
class Server {
 public:
  virtual ~Server() = default;
  /// What must be polled.
  [[nodiscard]] virtual int socket() const = 0;
  /// Reads and obeys what has come. False: the other side is gone.
  virtual bool receive() = 0;
  /// Tries all waiting transfers; sends what is to be sent.
  virtual bool progress(Clock::time_point now) = 0;
};

/// QEMU's usb-redir (protocol of usbredir 0.13): connects to the Unix socket where its chardev listens.
/// Throws UsageError when nobody listens for 30 s.
std::unique_ptr<Server> serve_redir(Device& device, const std::string& path);

/// This kernel's vhci_hcd (protocol of Documentation/usb/usbip_protocol.rst), without the usbip tools. Needs root.
/// Throws UsageError when the module is not there or its ports are all taken.
std::unique_ptr<Server> serve_vhci(Device& device);

}  // namespace hilltop::usb_lab
