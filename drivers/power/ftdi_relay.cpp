// SPDX-License-Identifier: Apache-2.0
// Driver `ftdi-relay`: relays at the data pins of an FTDI chip (Sainsmart 4 and 8 channels with FT245RL, and their
// like).
//   driver: ftdi-relay
//   serial: A9XYZ123       # or path
//   usb_id: "0403:6001"    # optional
//   outlet: 2              # the pin, counted from 1: D0 is 1
//   active_low: true       # optional: the relay is on when its pin is low
// The kernel's serial driver has the chip back when hilltop ends.
#include "drivers/power/usb_outlet.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

// Vendor requests of FTDI's chips. Source: libftdi1 1.5, ftdi.h: SIO_SET_BITMODE_REQUEST, SIO_READ_PINS_REQUEST,
// BITMODE_BITBANG; index 1 is the first (of one) interface.
constexpr std::uint8_t set_bitmode = 0x0b, read_pins = 0x0c;
constexpr std::uint16_t bit_bang = 0x0100, all_outputs = 0x00ff, first_interface = 1;
constexpr std::uint8_t out_endpoint = 0x02;
constexpr auto request_limit = std::chrono::seconds(2);

Task<std::uint8_t> pins(std::shared_ptr<UsbHandle> unit, Deadline deadline) {
  HILLTOP_CO_TRY(const auto bytes,
                 co_await unit->control_in({0xc0, read_pins, 0, first_interface}, 1, deadline.at_most(request_limit)));
  if (bytes.empty())
    co_return Error(Errc::protocol, Blame::infrastructure, unit->info().title() + ": its pins cannot be read");
  co_return static_cast<std::uint8_t>(bytes[0]);
}

/// The pins are read before they become outputs, so that the other relays stay as they are.
Task<> set_pin(std::shared_ptr<UsbHandle> unit, unsigned outlet, bool high, Deadline deadline) {
  const auto until = deadline.at_most(request_limit);
  HILLTOP_CO_TRY(const auto now, co_await pins(unit, deadline));
  const auto bit = static_cast<std::uint8_t>(1U << (outlet - 1));
  const auto wanted = static_cast<char>(high ? now | bit : now & ~bit);
  const UsbRequest bitmode{0x40, set_bitmode, bit_bang | all_outputs, first_interface};
  HILLTOP_CO_CHECK(co_await unit->control_out(bitmode, {}, until));
  co_return co_await unit->write(out_endpoint, std::string(1, wanted), until);
}

Task<bool> get_pin(std::shared_ptr<UsbHandle> unit, unsigned outlet, Deadline deadline) {
  HILLTOP_CO_TRY(const auto now, co_await pins(std::move(unit), deadline));
  co_return (now >> (outlet - 1) & 1) != 0;
}

constinit const UsbUnitKind kind{.interface = 0, .set = set_pin, .get = get_pin};

UsbOutlet read_address(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "ftdi-relay", diagnostics);
  auto out = read_usb_outlet(fields, std::nullopt, 8);
  if (!out.match.vendor) out.match.vendor = 0x0403;
  // Both wirings turn the meaning of the pin round.
  if (fields.flag("active_low").value_or(false)) out.normally_closed = !out.normally_closed;
  fields.refuse_others();
  return out;
}

void check_ftdi_relay(const Node& address, Diagnostics& diagnostics) { (void)read_address(address, diagnostics); }

Result<std::unique_ptr<Device>> make_ftdi_relay(const Env& env, const Node& address) {
  Diagnostics diagnostics;
  auto outlet = read_address(address, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return make_usb_outlet(env, kind, std::move(outlet));
}

}  // namespace

constinit const DriverInfo ftdi_relay{
    .name = "ftdi-relay",
    .offers = "power",
    .summary = "relays at the pins of an FTDI chip in bit-bang mode, read back",
    .source = "libftdi1 1.5, ftdi.h and ftdi.c: ftdi_set_bitmode, ftdi_read_pins",
    .verified = Verified::specification,
    .check = check_ftdi_relay,
    .make = make_ftdi_relay,
};

}  // namespace hilltop::drivers
