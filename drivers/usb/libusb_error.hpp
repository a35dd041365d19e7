// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/core/error.hpp"
#include "drivers/usb/usb_device.hpp"

namespace hilltop::drivers {

/// What libusb's `code` (a negative libusb_error) means for `device`, while doing `what`.
/// Source: libusb.h, libusb_error.
[[nodiscard]] Error libusb_error(int code, const std::string& what, const UsbDeviceInfo& device);

/// The device left while it was used.
[[nodiscard]] Error usb_gone(const std::string& what, const UsbDeviceInfo& device);

}  // namespace hilltop::drivers
