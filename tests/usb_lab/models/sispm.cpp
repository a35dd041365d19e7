// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/sispm.hpp"

#include <charconv>

namespace hilltop::usb_lab {

Sispm::Sispm(const Options& options) : Device(options), outlets_(options.number("outlets", 4)) {
  const auto id = options.text("id", "0101020304");
  if (id.size() != 10) throw UsageError("id= has ten hexadecimal digits");
  for (std::size_t i = 0; i < 5; ++i) {
    id_.push_back(0);
    std::from_chars(id.data() + 2 * i, id.data() + 2 * i + 2, id_.back(), 16);
  }
  Description d;
  d.vendor = 0x04b4;
  d.product = 0xfd15;
  d.speed = Speed::low;
  d.manufacturer = "Gembird";
  d.name = "EnerGenie USB";
  d.interfaces = {{.device_class = 3,
                   .endpoints = {{0x81, Transport::interrupt, 8, 10}},
                   .hid_report = {0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0xc0}}};
  describe(std::move(d));
}

bool Sispm::on_control(const Setup& setup, Bytes& data) {
  if (setup.is(0x21, 10)) return true;  // SET_IDLE
  if (setup.value >> 8 != 3) return false;
  const auto report = static_cast<std::uint8_t>(setup.value);
  if (report == 1 && setup.is(0xa1, 1)) {
    data = id_;
    return true;
  }
  if (report % 3 != 0 || report == 0 || report / 3 > outlets_) return false;
  const auto bit = static_cast<std::uint8_t>(1U << (report / 3 - 1));
  if (setup.is(0xa1, 1)) {
    data = {report, static_cast<std::uint8_t>((on_ & bit) != 0 ? 0x03 : 0x00)};
    return true;
  }
  if (!setup.is(0x21, 9) || data.size() < 2) return false;
  const auto before = on_;
  on_ = static_cast<std::uint8_t>((data[1] & 1) != 0 ? on_ | bit : on_ & ~bit);
  // Outlets hold their state without USB: they are latching relays at the mains.
  if (on_ != before) state().put("outlets " + to_hex({&on_, 1}));
  return true;
}

}  // namespace hilltop::usb_lab
