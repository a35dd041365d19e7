// SPDX-License-Identifier: Apache-2.0
// Driver `ykush`: Yepkit's switchable hubs, through libusb (the kernel's HID driver leaves some of them alone).
//   driver: ykush
//   model: ykush        # or ykush3, ykush-xs
//   serial: YK20345
//   outlet: 2           # 1 to 3; 4 is the external 5 V output of a ykush3; a ykush-xs has one
#include "drivers/power/ykush.hpp"

#include <fmt/format.h>

#include "drivers/power/usb_outlet.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

constexpr std::size_t report_size = 64;
constexpr std::uint8_t out_endpoint = 0x01;
constexpr std::uint8_t in_endpoint = 0x81;
constexpr auto answer_limit = std::chrono::seconds(2);

struct Model {
  std::string_view name;
  std::uint16_t product;
  unsigned outlets;
};
/// Source: Yepkit/ykush, src/*/: the product ids.
constexpr Model models[] = {{"ykush", 0xf2f7, 3}, {"ykush3", 0xf11b, 4}, {"ykush-xs", 0xf0cd, 1}};

/// The answer of a command that was given up may come first: it names another command.
Task<std::string> ask(std::shared_ptr<UsbHandle> unit, std::uint8_t command, Deadline deadline) {
  const auto until = deadline.at_most(answer_limit);
  std::string report(report_size, '\0');
  report[0] = static_cast<char>(command);
  HILLTOP_CO_CHECK(co_await unit->write(out_endpoint, std::move(report), until));
  for (;;) {
    HILLTOP_CO_TRY(auto answer, co_await unit->read(in_endpoint, report_size, until));
    if (answer.size() != report_size)
      co_return Error(Errc::protocol, Blame::infrastructure,
                      fmt::format("{}: an answer of {} bytes", unit->info().title(), answer.size()));
    HILLTOP_CO_TRY(const bool ours, is_ykush_answer(answer, command));
    if (ours) co_return answer;
  }
}

Task<> set_port(std::shared_ptr<UsbHandle> unit, unsigned port, bool on, Deadline deadline) {
  HILLTOP_CO_CHECK(co_await ask(std::move(unit), static_cast<std::uint8_t>((on ? 0x10 : 0x00) | port), deadline));
  co_return ok();
}

Task<bool> get_port(std::shared_ptr<UsbHandle> unit, unsigned port, Deadline deadline) {
  HILLTOP_CO_TRY(const auto answer, co_await ask(std::move(unit), static_cast<std::uint8_t>(0x20 | port), deadline));
  co_return (static_cast<std::uint8_t>(answer[1]) >> 4) != 0;
}

constinit const UsbUnitKind kind{.interface = 0, .set = set_port, .get = get_port};

UsbOutlet read_address(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "ykush", diagnostics);
  const auto name = fields.word("model", {"ykush", "ykush3", "ykush-xs"}).value_or("ykush");
  const auto* model = &models[0];
  for (const auto& each : models)
    if (each.name == name) model = &each;
  auto out = read_usb_outlet(fields, UsbMatch{.vendor = 0x04d8, .product = model->product}, model->outlets);
  fields.refuse_others();
  return out;
}

void check_ykush(const Node& address, Diagnostics& diagnostics) { (void)read_address(address, diagnostics); }

Result<std::unique_ptr<Device>> make_ykush(const Env& env, const Node& address) {
  Diagnostics diagnostics;
  auto outlet = read_address(address, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return make_usb_outlet(env, kind, std::move(outlet));
}

}  // namespace

Result<bool> is_ykush_answer(std::string_view report, std::uint8_t command) {
  if (report.size() < 2)
    return Error(Errc::protocol, Blame::infrastructure, fmt::format("an answer of {} bytes", report.size()));
  const auto status = static_cast<std::uint8_t>(report[0]);
  const auto echo = static_cast<std::uint8_t>(report[1]);
  if (status != 0x01)
    return Error(Errc::protocol, Blame::infrastructure,
                 fmt::format("the board answers {:02x} to the command {:02x}", status, command));
  if ((command & 0xf0) == 0x20) return (echo & 0x0f) == (command & 0x0f) && (echo & 0xf0) <= 0x10;
  return echo == command;
}

constinit const DriverInfo ykush{
    .name = "ykush",
    .offers = "power",
    .summary = "Yepkit YKUSH, YKUSH3 and YKUSH XS hubs, read back",
    .source =
        "Yepkit/ykush (github), src/ykush/ykush.cpp: commands and status; the acknowledgement's first byte from memory",
    .verified = Verified::specification,
    .check = check_ykush,
    .make = make_ykush,
};

}  // namespace hilltop::drivers
