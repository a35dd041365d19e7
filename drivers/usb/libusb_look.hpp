// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <libusb-1.0/libusb.h>

#include <string>
#include <string_view>

#include "drivers/usb/usb_device.hpp"

namespace hilltop::drivers {

/// Where the kernel plugs `device` in: "1-1.4.2", "usb1".
[[nodiscard]] std::string usb_path(libusb_device* device);

/// What `device` says of itself. The kernel has read its strings already (sysfs); what it does not tell is asked of the
/// device, which needs the permission to open it.
/// Thread: one that may block (a device that hangs is waited for, at most a second).
[[nodiscard]] UsbDeviceInfo look_at_usb_device(libusb_device* device);

/// The text of a string descriptor as UTF-8; "" for what is none. Source: USB 2.0, table 9-16.
[[nodiscard]] std::string usb_string_text(std::string_view descriptor);

}  // namespace hilltop::drivers
