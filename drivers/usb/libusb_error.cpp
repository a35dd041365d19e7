// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/libusb_error.hpp"

#include <fmt/format.h>
#include <libusb-1.0/libusb.h>

namespace hilltop::drivers {
namespace {

std::string no_permission(const UsbDeviceInfo& device) {
  return fmt::format(
      "no permission for /dev/bus/usb/{:03}/{:03}: install deploy/udev/70-hilltop.rules, or add the rule "
      "SUBSYSTEM==\"usb\", "
      "ATTR{{idVendor}}==\"{:04x}\", ATTR{{idProduct}}==\"{:04x}\", MODE=\"0660\", GROUP=\"plugdev\" and run 'udevadm "
      "trigger'",
      device.bus, device.address, device.vendor, device.product);
}

}  // namespace

Error usb_gone(const std::string& what, const UsbDeviceInfo& device) {
  return {Errc::unavailable, Blame::infrastructure,
          fmt::format("{}: {}: the device was unplugged, lost its power or began anew", device.title(), what)};
}

Error libusb_error(int code, const std::string& what, const UsbDeviceInfo& device) {
  const auto error = [&](Errc errc, std::string_view why) {
    return Error(errc, Blame::infrastructure, fmt::format("{}: {}: {}", device.title(), what, why));
  };
  switch (code) {
    case LIBUSB_ERROR_NO_DEVICE:
      return usb_gone(what, device);
    case LIBUSB_ERROR_ACCESS:
      return error(Errc::denied, no_permission(device));
    case LIBUSB_ERROR_BUSY:
      return error(Errc::busy, "another program uses it");
    case LIBUSB_ERROR_TIMEOUT:
      return error(Errc::timeout, "no answer in time");
    case LIBUSB_ERROR_PIPE:
      return error(Errc::io, "the device refuses it (stall)");
    case LIBUSB_ERROR_OVERFLOW:
      return error(Errc::io, "the device sent more than was asked for");
    case LIBUSB_ERROR_NOT_FOUND:
      return error(Errc::unavailable, "there is no such interface or endpoint, or the device began anew");
    default:
      return error(Errc::io, libusb_strerror(static_cast<::libusb_error>(code)));
  }
}

}  // namespace hilltop::drivers
