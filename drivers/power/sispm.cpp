// SPDX-License-Identifier: Apache-2.0
// Driver `sispm`: the power strips of Gembird and EnerGenie that hang at USB (SIS-PM, mSIS-PM, EG-PMS, EG-PMS2).
//   driver: sispm
//   usb_id: "04b4:fd13"    # optional; any of 04b4:fd10 to fd15 otherwise
//   path: 1-1.3            # or serial
//   outlet: 3              # 1 to 4
#include <fmt/format.h>

#include "drivers/power/usb_outlet.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

constexpr std::uint16_t vendor = 0x04b4;
constexpr std::uint16_t msispm_old = 0xfd10, msispm_flash = 0xfd12;  // one outlet each
constexpr std::size_t report_size = 5;
constexpr auto request_limit = std::chrono::seconds(2);

/// The feature report of an outlet; the oldest model counts its only one from 0.
/// Source: xypron/sispmctl, src/sispm_ctl.c: check_outlet_number, usb_command.
Result<std::uint8_t> report_of(const UsbDeviceInfo& unit, unsigned outlet) {
  if (unit.vendor != vendor || unit.product < 0xfd10 || unit.product > 0xfd15)
    return Error(Errc::bad_input, Blame::configuration, unit.title() + " is no SIS-PM or EG-PMS strip");
  const bool has_one = unit.product == msispm_old || unit.product == msispm_flash;
  if (has_one && outlet != 1)
    return Error(Errc::bad_input, Blame::configuration,
                 fmt::format("{} has one outlet, and no {}", unit.title(), outlet));
  return static_cast<std::uint8_t>(3 * (unit.product == msispm_old ? 0 : outlet));
}

UsbRequest request_for(std::uint8_t type, std::uint8_t request, std::uint8_t report) {
  return {type, request, static_cast<std::uint16_t>(0x0300 | report), 0};
}

Task<> set_outlet(std::shared_ptr<UsbHandle> unit, unsigned outlet, bool on, Deadline deadline) {
  HILLTOP_CO_TRY(const auto report, report_of(unit->info(), outlet));
  std::string bytes(report_size, '\0');
  bytes[0] = static_cast<char>(report);
  bytes[1] = static_cast<char>(on ? 3 : 0);
  co_return co_await unit->control_out(request_for(0x21, 9, report), std::move(bytes), deadline.at_most(request_limit));
}

/// Bit 0 of the second byte is the relay; bit 1 is whether the strip has mains.
Task<bool> get_outlet(std::shared_ptr<UsbHandle> unit, unsigned outlet, Deadline deadline) {
  HILLTOP_CO_TRY(const auto report, report_of(unit->info(), outlet));
  HILLTOP_CO_TRY(const auto bytes,
                 co_await unit->control_in(request_for(0xa1, 1, report), report_size, deadline.at_most(request_limit)));
  if (bytes.size() < 2)
    co_return Error(Errc::protocol, Blame::infrastructure,
                    fmt::format("{}: an answer of {} bytes", unit->info().title(), bytes.size()));
  co_return (bytes[1] & 1) != 0;
}

constinit const UsbUnitKind kind{.interface = 0, .set = set_outlet, .get = get_outlet};

UsbOutlet read_address(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "sispm", diagnostics);
  auto out = read_usb_outlet(fields, std::nullopt, 4);
  out.match.vendor = vendor;
  fields.refuse_others();
  return out;
}

void check_sispm(const Node& address, Diagnostics& diagnostics) { (void)read_address(address, diagnostics); }

Result<std::unique_ptr<Device>> make_sispm(const Env& env, const Node& address) {
  Diagnostics diagnostics;
  auto outlet = read_address(address, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return make_usb_outlet(env, kind, std::move(outlet));
}

}  // namespace

constinit const DriverInfo sispm{
    .name = "sispm",
    .offers = "power",
    .summary = "Gembird and EnerGenie USB power strips (04b4:fd10-fd15), read back",
    .source = "xypron/sispmctl (github), src/sispm_ctl.c",
    .verified = Verified::specification,
    .check = check_sispm,
    .make = make_sispm,
};

}  // namespace hilltop::drivers
