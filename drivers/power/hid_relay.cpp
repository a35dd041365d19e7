// SPDX-License-Identifier: Apache-2.0
// Driver `hid-relay`: the USB relay boards of dcttech and their copies (16c0:05df "USBRelayN").
//   driver: hid-relay
//   path: 1-1.2            # many of these boards share one serial number, and most show none on the bus
//   outlet: 1              # the relay, 1 to 8
//   normally_closed: true  # optional: the board hangs at the contact that is closed when the relay is off
#include "drivers/power/hid_relay.hpp"

#include "drivers/power/usb_outlet.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

// HID 1.11, 7.2.1 and 7.2.2: the feature report 0 of interface 0.
constexpr UsbRequest get_report{0xa1, 1, 0x0300, 0};
constexpr UsbRequest set_report{0x21, 9, 0x0300, 0};
constexpr std::size_t report_size = 8;
constexpr auto request_limit = std::chrono::seconds(2);

Task<> set_relay(std::shared_ptr<UsbHandle> unit, unsigned relay, bool on, Deadline deadline) {
  co_return co_await unit->control_out(set_report, hid_relay_order(relay, on), deadline.at_most(request_limit));
}

Task<bool> get_relay(std::shared_ptr<UsbHandle> unit, unsigned relay, Deadline deadline) {
  HILLTOP_CO_TRY(const auto report,
                 co_await unit->control_in(get_report, report_size, deadline.at_most(request_limit)));
  HILLTOP_CO_TRY(const auto read, read_hid_relay_report(report));
  co_return (read.relays >> (relay - 1) & 1) != 0;
}

constinit const UsbUnitKind kind{.interface = 0, .set = set_relay, .get = get_relay};

UsbOutlet read_address(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "hid-relay", diagnostics);
  auto out = read_usb_outlet(fields, UsbMatch{.vendor = 0x16c0, .product = 0x05df}, 8);
  fields.refuse_others();
  return out;
}

void check_hid_relay(const Node& address, Diagnostics& diagnostics) { (void)read_address(address, diagnostics); }

Result<std::unique_ptr<Device>> make_hid_relay(const Env& env, const Node& address) {
  Diagnostics diagnostics;
  auto outlet = read_address(address, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return make_usb_outlet(env, kind, std::move(outlet));
}

}  // namespace

std::string hid_relay_order(unsigned relay, bool on) {
  std::string out(report_size, '\0');
  out[0] = static_cast<char>(on ? 0xff : 0xfd);
  out[1] = static_cast<char>(relay);
  return out;
}

Result<HidRelayReport> read_hid_relay_report(std::string_view bytes) {
  if (bytes.size() < report_size)
    return Error(Errc::protocol, Blame::infrastructure,
                 "a relay's report has 8 bytes, not " + std::to_string(bytes.size()));
  HidRelayReport out{.id = std::string(bytes.substr(0, 5)), .relays = static_cast<std::uint8_t>(bytes[7])};
  out.id.resize(out.id.find_last_not_of(std::string_view("\0 ", 2)) + 1);
  return out;
}

constinit const DriverInfo hid_relay{
    .name = "hid-relay",
    .offers = "power",
    .summary = "USB relay boards of dcttech and copies (16c0:05df), read back",
    .source = "usbrelay (github.com/darrylb123/usbrelay), HID 1.11 7.2",
    .verified = Verified::specification,
    .check = check_hid_relay,
    .make = make_hid_relay,
};

}  // namespace hilltop::drivers
