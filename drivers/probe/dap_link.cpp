// SPDX-License-Identifier: Apache-2.0
#include "drivers/probe/dap_link.hpp"

#include <algorithm>

namespace hilltop::drivers {
namespace {

constexpr std::string_view name_of_all = "CMSIS-DAP";
constexpr std::uint8_t class_hid = 3;
constexpr std::uint8_t class_vendor = 0xff;
constexpr UsbRequest set_report{.type = 0x21, .request = 9, .value = 0x0200};  // HID 1.11, 7.2.2: output report 0
constexpr std::size_t least_packet = 64;
constexpr std::size_t largest_packet = 16384;
constexpr int most_stale_answers = 4;  // to commands of somebody who ended before he read them

const UsbEndpoint* endpoint(const UsbInterface& interface, UsbEndpoint::Kind kind, bool in) {
  const auto found = std::ranges::find_if(
      interface.endpoints, [&](const UsbEndpoint& one) { return one.kind == kind && one.is_in() == in; });
  return found == interface.endpoints.end() ? nullptr : &*found;
}

std::optional<DapPipes> bulk_pipes(const UsbInterface& interface) {
  const auto* out = endpoint(interface, UsbEndpoint::Kind::bulk, false);
  const auto* in = endpoint(interface, UsbEndpoint::Kind::bulk, true);
  if (interface.device_class != class_vendor || interface.subclass != 0 || out == nullptr || in == nullptr)
    return std::nullopt;
  return DapPipes{interface.number, out->address, in->address, in->packet_size, false};
}

std::optional<DapPipes> hid_pipes(const UsbInterface& interface) {
  const auto* out = endpoint(interface, UsbEndpoint::Kind::interrupt, false);
  const auto* in = endpoint(interface, UsbEndpoint::Kind::interrupt, true);
  if (interface.device_class != class_hid || in == nullptr) return std::nullopt;
  return DapPipes{interface.number, out == nullptr ? std::uint8_t{0} : out->address, in->address, in->packet_size,
                  true};
}

}  // namespace

Result<DapPipes> find_dap_pipes(const UsbDeviceInfo& device) {
  const bool by_product = device.name.contains(name_of_all);
  for (const auto& find : {bulk_pipes, hid_pipes}) {
    for (const bool by_interface : {true, false}) {
      for (const auto& interface : device.interfaces) {
        // A composite probe may have vendor and HID interfaces for other purposes: the one that says so comes first.
        if (by_interface ? !interface.name.contains(name_of_all) : !by_product) continue;
        if (const auto pipes = find(interface)) return *pipes;
      }
    }
  }
  return Error(Errc::mismatch, Blame::infrastructure, device.title() + " is no CMSIS-DAP probe");
}

Task<std::shared_ptr<DapLink>> DapLink::open(std::shared_ptr<UsbHandle> usb, Deadline deadline) {
  HILLTOP_CO_TRY(const auto pipes, find_dap_pipes(usb->info()));
  HILLTOP_CO_CHECK(co_await usb->claim(pipes.interface, deadline));
  std::shared_ptr<DapLink> link(new DapLink(std::move(usb), pipes));
  link->packet_bytes_ = std::max(pipes.packet_size, least_packet);
  HILLTOP_CO_TRY(const auto said, co_await ask(link, cmsis_dap::info(cmsis_dap::Info::packet_size), deadline));
  HILLTOP_CO_TRY(const std::size_t size, cmsis_dap::info_number(said));
  if (size < least_packet || size > largest_packet)
    co_return Error(Errc::protocol, Blame::infrastructure, "CMSIS-DAP: packets of " + std::to_string(size) + " bytes");
  link->packet_bytes_ = size;
  co_return link;
}

Task<> DapLink::send(std::shared_ptr<DapLink> self, std::string command, Deadline deadline) {
  const auto& pipes = self->pipes_;
  if (pipes.hid) command.resize(self->packet_bytes_, '\0');
  if (pipes.out != 0) co_return co_await self->usb_->write(pipes.out, std::move(command), deadline);
  auto request = set_report;
  request.index = pipes.interface;
  co_return co_await self->usb_->control_out(request, std::move(command), deadline);
}

Task<std::string> DapLink::exchange(std::shared_ptr<DapLink> self, std::string command, Deadline deadline) {
  const auto code = command.substr(0, 1);
  HILLTOP_CO_CHECK(co_await send(self, std::move(command), deadline));
  for (int stale = 0;; ++stale) {
    HILLTOP_CO_TRY(const auto reply, co_await self->usb_->read(self->pipes_.in, self->packet_bytes_, deadline));
    auto payload = cmsis_dap::answer_to(code, reply);
    if (payload || payload.error().code != Errc::protocol || stale == most_stale_answers) co_return payload;
  }
}

Task<std::string> DapLink::ask(std::shared_ptr<DapLink> self, std::string command, Deadline deadline) {
  if (command.size() > self->packet_bytes_)
    co_return Error(Errc::bad_input, Blame::bug, "a CMSIS-DAP command that is longer than a packet");
  auto payload = co_await exchange(self, std::move(command), deadline);
  if (!payload && payload.error().code != Errc::unsupported) self->broken_ = true;
  co_return payload;
}

Task<> DapLink::tell(std::shared_ptr<DapLink> self, std::string command, std::string what, Deadline deadline) {
  HILLTOP_CO_TRY(const auto payload, co_await ask(std::move(self), std::move(command), deadline));
  co_return cmsis_dap::check_status(payload, what);
}

}  // namespace hilltop::drivers
