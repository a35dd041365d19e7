// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>
#include <memory>

#include "tests/usb_lab/mock/testbed.hpp"
#include "tests/usb_lab/models/device.hpp"

namespace hilltop::usb_lab {

/// /dev/bus/usb/BBB/DDD of one enumeration of a device: what the kernel's usbfs does with its ioctls
/// (linux/usbdevice_fs.h), a simulated device behind it. Thread: as the bus serializes it.
class Usbfs {
 public:
  explicit Usbfs(Device& device) : device_(device) {}

  /// Completes `client`, or returns false for an ioctl that it does not know.
  bool answer(UMockdevIoctlClient* client);
  /// The device has left the bus: transfers end as the kernel ends them, and can still be reaped.
  void disconnect();

 private:
  /// A URB that was submitted; it belongs to one open file.
  struct Urb {
    UMockdevIoctlClient* owner;
    IoctlData urb;
    IoctlData buffer;
    Transfer transfer;
    bool over = false;
    int status = 0;
    std::size_t actual = 0;
  };

  static void capabilities(UMockdevIoctlData* argument);
  int submit(UMockdevIoctlClient* client, UMockdevIoctlData* argument);
  int reap(UMockdevIoctlClient* client, UMockdevIoctlData* argument);
  int discard(UMockdevIoctlClient* client, UMockdevIoctlData* argument);
  [[nodiscard]] int claim() const;
  int select_alternate(UMockdevIoctlData* argument);
  void try_all();
  void try_one(Urb& urb, Clock::time_point now);

  Device& device_;
  std::list<Urb> urbs_;
  bool connected_ = true;
};

}  // namespace hilltop::usb_lab
