// SPDX-License-Identifier: Apache-2.0
// Reports of a HID device, by control requests. Source: USB HID 1.11, 7.2.1 (Get_Report), 7.2.2 (Set_Report).
#include <algorithm>

#include "drivers/power/unit/unit_session.hpp"
#include "drivers/usb/usb_bus.hpp"

namespace hilltop::drivers::unit {
namespace {

constexpr std::uint8_t hid_class = 3;
constexpr std::uint8_t to_interface = 0x21, from_interface = 0xa1;
constexpr std::uint8_t get_report = 0x01, set_report = 0x09;

std::uint8_t kind_of(const std::string& method) {
  if (method == "input") return 1;
  return method == "output" ? 2 : 3;
}

Task<std::string> exchange_report(std::shared_ptr<UsbHandle> device, std::uint8_t number, Request request,
                                  Deadline deadline) {
  UsbRequest wire;
  wire.value = static_cast<std::uint16_t>(kind_of(request.method) << 8 | request.report);
  wire.index = number;
  if (request.reply_bytes > 0) {
    wire.type = from_interface;
    wire.request = get_report;
    co_return co_await device->control_in(wire, static_cast<std::uint16_t>(request.reply_bytes), deadline);
  }
  wire.type = to_interface;
  wire.request = set_report;
  HILLTOP_CO_CHECK(co_await device->control_out(wire, std::move(request.send), deadline));
  co_return std::string();
}

class HidSession final : public UnitSession {
 public:
  HidSession(std::shared_ptr<UsbHandle> device, std::uint8_t number) : device_(std::move(device)), number_(number) {}
  Task<std::string> exchange(Request request, Deadline deadline) override {
    return exchange_report(device_, number_, std::move(request), deadline);
  }

 private:
  std::shared_ptr<UsbHandle> device_;
  std::uint8_t number_;
};

}  // namespace

Task<SessionPtr> open_hid(Env env, AddressPtr address, Variables, Deadline deadline) {
  HILLTOP_CO_TRY(const auto bus, UsbBus::of(env));
  HILLTOP_CO_TRY(auto device, co_await bus->open(address->usb, deadline));
  const auto& interfaces = device->info().interfaces;
  const auto found = std::ranges::find(interfaces, hid_class, &UsbInterface::device_class);
  if (found == interfaces.end())
    co_return Error(Errc::mismatch, Blame::infrastructure, device->info().title() + " is no HID device");
  const auto number = found->number;
  HILLTOP_CO_CHECK(co_await device->claim(number, deadline));
  co_return SessionPtr(std::make_shared<HidSession>(std::move(device), number));
}

}  // namespace hilltop::drivers::unit
