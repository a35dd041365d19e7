// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/usb/open_device.hpp"
#include "drivers/usb/usb_bus.hpp"

namespace hilltop::drivers {

/// A handle on what libusb has open. Transfers on their way keep the device open when the handle dies.
class LibusbHandle final : public UsbHandle {
 public:
  explicit LibusbHandle(std::shared_ptr<OpenDevice> device) : device_(std::move(device)) {}

  [[nodiscard]] const UsbDeviceInfo& info() const override { return device_->info(); }
  Task<> claim(std::uint8_t number, Deadline deadline) override;
  Task<> set_alternate(std::uint8_t number, std::uint8_t setting, Deadline deadline) override;
  Task<std::string> control_in(UsbRequest request, std::uint16_t size, Deadline deadline) override;
  Task<> control_out(UsbRequest request, std::string bytes, Deadline deadline) override;
  Task<std::string> read(std::uint8_t endpoint, std::size_t size, Deadline deadline) override;
  Task<> write(std::uint8_t endpoint, std::string bytes, Deadline deadline) override;
  Task<> clear_halt(std::uint8_t endpoint, Deadline deadline) override;
  Task<> reset(Deadline deadline) override;

 private:
  std::shared_ptr<OpenDevice> device_;
};

}  // namespace hilltop::drivers
