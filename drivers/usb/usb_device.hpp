// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "drivers/core/fields.hpp"

namespace hilltop::drivers {

/// One endpoint of an interface. Source: USB 2.0, table 9-13.
struct UsbEndpoint {
  enum class Kind : std::uint8_t { control, isochronous, bulk, interrupt };
  std::uint8_t address = 0;  ///< bit 7 set: the device sends
  Kind kind = Kind::control;
  std::uint16_t packet_size = 0;  ///< the most bytes of one packet

  [[nodiscard]] bool is_in() const { return (address & 0x80) != 0; }
};

/// One interface of a USB device's active configuration, in one of its alternate settings: an interface that has
/// several is there several times.
struct UsbInterface {
  std::uint8_t number = 0;
  std::uint8_t alternate = 0;
  std::uint8_t device_class = 0;  ///< 3 HID, 8 mass storage, 0xfe/1 DFU, 0xff vendor
  std::uint8_t subclass = 0;
  std::uint8_t protocol = 0;
  std::string name = {};  ///< its string, "" where it has none
  std::vector<UsbEndpoint> endpoints = {};
  std::string extra = {};  ///< the class-specific descriptors behind it, as they are (DFU's functional one, HID's)
};

enum class UsbSpeed : std::uint8_t { unknown, low, full, high, super, super_plus };
[[nodiscard]] std::string_view to_string(UsbSpeed speed) noexcept;  ///< "480 Mbit/s"

/// What the bus says of a device, without opening it for more than its strings.
struct UsbDeviceInfo {
  std::uint8_t bus = 0;
  std::uint8_t address = 0;  ///< changes with each enumeration: never an identity
  std::string path = {};     ///< where it is plugged in, as the kernel writes it: "1-1.4.2"; "usb1" for a root hub
  std::uint16_t vendor = 0;
  std::uint16_t product = 0;
  std::uint16_t release = 0;  ///< bcdDevice
  std::uint8_t device_class = 0;
  UsbSpeed speed = UsbSpeed::unknown;
  std::string manufacturer = {};
  std::string name = {};    ///< its product string
  std::string serial = {};  ///< "" where it has none, or where it may not be read (see `unreadable`)
  bool unreadable = false;  ///< the strings could not be read: no permission, or the device hangs
  std::vector<UsbInterface> interfaces = {};

  /// "0403:6001 'FT232R' serial A50285BI at 1-1.4.2", for messages.
  [[nodiscard]] std::string title() const;
};

/// Which device a lab's address means. At least one of `serial` and `path` is set: the wrong board is never touched
/// because it was the first of its kind. With both, the device must have this serial number and be in this place.
struct UsbMatch {
  std::optional<std::uint16_t> vendor = {};
  std::optional<std::uint16_t> product = {};
  std::string serial = {};
  std::string path = {};

  [[nodiscard]] bool fits(const UsbDeviceInfo& device) const;
  /// "serial A50285BI at 1-1.4.2 (0403:6001)", for messages.
  [[nodiscard]] std::string title() const;
};

/// Whether `path` is a place on the USB as the kernel writes it: "1-1.4.2", "usb1".
[[nodiscard]] bool is_usb_path(const std::string& path);

/// Reads the keys `serial:` and `path:` (and `usb_id: "0403:6001"`, unless `id` says which it is) of a device's
/// address. Complains when neither serial nor path is there, or where one is none.
UsbMatch read_usb_match(Fields& fields, std::optional<UsbMatch> id = std::nullopt);

/// The one device of `devices` that `match` means. Errors, each with the candidates that nearly fit (same kind of
/// device, same serial elsewhere, another device in that place) and what to write in the lab file: unavailable
/// (infrastructure) when there is none; mismatch (infrastructure) when what has the serial number is in another place;
/// bad_input (configuration) when several fit.
Result<UsbDeviceInfo> find_usb_device(const std::vector<UsbDeviceInfo>& devices, const UsbMatch& match);

}  // namespace hilltop::drivers
