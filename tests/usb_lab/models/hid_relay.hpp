// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/usb_lab/models/device.hpp"

namespace hilltop::usb_lab {

/// dcttech "USBRelayN" (16c0:05df): up to eight relays behind one HID feature report of eight bytes. To the device: a
/// command and a relay, from 1. To the host: five characters of the board's own identity, two bytes, the relays' bits.
/// Vouched for by usbrelay. Options: relays=2, id=BITFT (what usbrelay shows; there is no USB serial number).
/// Logs `relays BITS`.
class HidRelay : public Device {
 public:
  explicit HidRelay(const Options& options);

 protected:
  bool on_control(const Setup& setup, Bytes& data) override;
  void on_power(bool powered) override;

 private:
  bool command_report(std::uint8_t command, std::uint8_t relay, const Bytes& data);
  void switch_to(std::uint8_t relays);

  std::uint8_t all_;
  std::string id_;
  std::uint8_t relays_ = 0;
};

}  // namespace hilltop::usb_lab
