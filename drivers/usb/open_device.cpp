// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/open_device.hpp"

#include "drivers/usb/libusb_error.hpp"

namespace hilltop::drivers {

Error OpenDevice::error(int code, const std::string& what) {
  if (code == LIBUSB_ERROR_NO_DEVICE) on_gone_();
  return libusb_error(code, what, info_);
}

int OpenDevice::submit(libusb_transfer* transfer) {
  const std::lock_guard lock(mutex_);
  if (refuses_) return LIBUSB_ERROR_NO_DEVICE;
  const int error = libusb_submit_transfer(transfer);
  if (error == LIBUSB_SUCCESS) in_flight_.insert(transfer);  // ended() waits for the lock
  return error;
}

void OpenDevice::ended(libusb_transfer* transfer) {
  const std::lock_guard lock(mutex_);
  in_flight_.erase(transfer);
  if (in_flight_.empty()) idle_.notify_all();
}

void OpenDevice::cancel_all() {
  const std::lock_guard lock(mutex_);
  refuses_ = true;
  for (auto* transfer : in_flight_) libusb_cancel_transfer(transfer);
}

void OpenDevice::wait_until_idle() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return in_flight_.empty(); });
}

int OpenDevice::claim(std::uint8_t number) {
  if (claimed_.contains(number)) return LIBUSB_SUCCESS;
  const int error = libusb_claim_interface(raw_, number);
  if (error == LIBUSB_SUCCESS) claimed_.insert(number);
  return error;
}

void OpenDevice::close() {
  if (raw_ == nullptr) return;
  for (const auto number : claimed_) libusb_release_interface(raw_, number);  // and the kernel's driver is back
  libusb_close(raw_);
  raw_ = nullptr;
}

}  // namespace hilltop::drivers
