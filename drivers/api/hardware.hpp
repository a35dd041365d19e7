// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// What is plugged into a worker, as its kernel tells it without any device being opened: what `hilltop discover`
/// shows.
namespace hilltop::drivers {

/// A file below /dev through which a device is used.
struct HardwareNode {
  std::string kind = {};     ///< "tty", "block", "hidraw"
  std::string path = {};     ///< "/dev/ttyACM0": changes from boot to boot
  std::string by_id = {};    ///< "/dev/serial/by-id/...": does not; "" where udev made none
  std::string by_path = {};  ///< "/dev/serial/by-path/...": names the socket, for devices without a serial number
  int interface = -1;        ///< of its USB device
  bool usable = false;       ///< this process may read and write it
};

struct HardwareInterface {
  std::uint8_t number = 0, device_class = 0, subclass = 0, protocol = 0;
  std::string name = {};
};

/// A USB device.
struct HardwareDevice {
  std::string path = {};  ///< where it is plugged in: "1-1.4"
  std::uint16_t vendor = 0, product = 0;
  std::uint8_t device_class = 0;
  std::string manufacturer = {}, name = {}, serial = {};
  std::string speed = {};  ///< "480 Mbit/s"
  unsigned hub_ports = 0;  ///< 0: it is no hub
  bool usable = false;     ///< this process may open it
  std::vector<HardwareInterface> interfaces = {};
  std::vector<HardwareNode> nodes = {};

  /// "0d28:0204", as the kernel writes it.
  [[nodiscard]] std::string id() const;
};

struct HardwareList {
  std::vector<HardwareDevice> usb;  ///< in the order of their paths; root hubs are left out
  std::vector<HardwareNode> ports;  ///< serial ports that are not on USB
};

}  // namespace hilltop::drivers
