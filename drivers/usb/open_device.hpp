// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <libusb-1.0/libusb.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>

#include "drivers/core/lane.hpp"
#include "drivers/usb/usb_device.hpp"

namespace hilltop::drivers {

/// A device that libusb has open, shared by a handle and its transfers.
/// Thread: any. `lane` is for calls of libusb that may block; it outlives this.
class OpenDevice {
 public:
  /// `on_gone` is called, each time, when libusb says of a call that the device is not there any more.
  OpenDevice(libusb_device_handle* raw, UsbDeviceInfo info, asio::any_io_executor executor, Lane& lane,
             std::function<void()> on_gone)
      : raw_(raw), info_(std::move(info)), executor_(std::move(executor)), lane_(lane), on_gone_(std::move(on_gone)) {}
  ~OpenDevice() { close(); }
  OpenDevice(const OpenDevice&) = delete;
  OpenDevice& operator=(const OpenDevice&) = delete;

  [[nodiscard]] libusb_device_handle* raw() const { return raw_; }
  [[nodiscard]] const UsbDeviceInfo& info() const { return info_; }
  [[nodiscard]] const asio::any_io_executor& executor() const { return executor_; }
  [[nodiscard]] Lane& lane() const { return lane_; }

  /// What `code` (a negative libusb_error) means, while doing `what`. Tells the bus of a device that has left: who asks
  /// again at once must not find it, before the system has told.
  [[nodiscard]] Error error(int code, const std::string& what);

  /// As libusb_submit_transfer(); refuses with LIBUSB_ERROR_NO_DEVICE after cancel_all().
  int submit(libusb_transfer* transfer);
  /// To be called when a submitted transfer is over.
  void ended(libusb_transfer* transfer);
  /// Ends what is on its way, and takes no more.
  void cancel_all();
  /// Blocks until nothing is on its way. The event thread must run.
  void wait_until_idle();

  // On the lane, or when it has ended:
  /// Takes an interface from the kernel's driver and claims it. Value: as libusb_claim_interface().
  int claim(std::uint8_t number);
  /// Gives the interfaces back to the kernel's drivers, and closes.
  void close();

 private:
  libusb_device_handle* raw_;  // nullptr: closed
  UsbDeviceInfo info_;
  asio::any_io_executor executor_;
  Lane& lane_;
  const std::function<void()> on_gone_;
  std::set<std::uint8_t> claimed_;

  std::mutex mutex_;
  std::condition_variable idle_;
  std::set<libusb_transfer*> in_flight_;
  bool refuses_ = false;
};

}  // namespace hilltop::drivers
