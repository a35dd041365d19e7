// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/hid_relay.hpp"

namespace hilltop::usb_lab {
namespace {

constexpr std::size_t report_size = 8;
enum Command : std::uint8_t { set_id = 0xfa, all_off = 0xfc, one_off = 0xfd, all_on = 0xfe, one_on = 0xff };

}  // namespace

HidRelay::HidRelay(const Options& options) : Device(options), all_(0), id_(options.text("id", "BITFT")) {
  const auto relays = options.number("relays", 2);
  if (relays < 1 || relays > 8) throw UsageError("such a board has 1 to 8 relays");
  all_ = static_cast<std::uint8_t>((1U << relays) - 1);
  id_.resize(5, ' ');
  Description d;
  d.vendor = 0x16c0;
  d.product = 0x05df;
  d.speed = Speed::low;
  d.manufacturer = "www.dcttech.com";
  d.name = "USBRelay" + std::to_string(relays);
  d.interfaces = {{.device_class = 3,
                   .endpoints = {{0x81, Transport::interrupt, 8, 20}},
                   // one feature report of eight bytes, vendor page
                   .hid_report = {0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x15, 0x00, 0x26, 0xff,
                                  0x00, 0x75, 0x08, 0x95, 0x08, 0x09, 0x00, 0xb2, 0x02, 0x01, 0xc0}}};
  describe(std::move(d));
}

bool HidRelay::on_control(const Setup& setup, Bytes& data) {
  if (setup.is(0xa1, 1)) {  // GET_REPORT
    data.assign(id_.begin(), id_.end());
    data.resize(report_size, 0);
    data[7] = relays_;
    return true;
  }
  if (setup.is(0x21, 10)) return true;  // SET_IDLE
  if (!setup.is(0x21, 9) || data.size() < 2) return false;
  // hidraw and hidapi put the report's number, 0, in front.
  const std::size_t at = data.size() > report_size ? 1 : 0;
  return command_report(data[at], data[at + 1], data);
}

bool HidRelay::command_report(std::uint8_t command, std::uint8_t relay, const Bytes& data) {
  const auto bit = relay >= 1 && relay <= 8 ? static_cast<std::uint8_t>(1U << (relay - 1)) & all_ : 0;
  switch (command) {
    case one_on:
      switch_to(static_cast<std::uint8_t>(relays_ | bit));
      return bit != 0;
    case one_off:
      switch_to(static_cast<std::uint8_t>(relays_ & ~bit));
      return bit != 0;
    case all_on:
      switch_to(all_);
      return true;
    case all_off:
      switch_to(0);
      return true;
    case set_id:
      id_.assign(data.begin() + (data.size() > report_size ? 2 : 1),
                 data.begin() + (data.size() > report_size ? 7 : 6));
      return true;
    default:
      return false;
  }
}

void HidRelay::switch_to(std::uint8_t relays) {
  if (relays == relays_) return;
  relays_ = relays;
  const auto bits = relays_;
  state().put("relays " + to_hex({&bits, 1}));
}

void HidRelay::on_power(bool powered) {
  if (!powered) switch_to(0);  // coils let go
}

}  // namespace hilltop::usb_lab
