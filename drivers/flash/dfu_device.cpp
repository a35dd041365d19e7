// SPDX-License-Identifier: Apache-2.0
#include "drivers/flash/dfu_device.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hilltop::drivers {
namespace {

constexpr std::uint16_t usbfs_page = 4096;         // Linux drivers/usb/core/devio.c: proc_control()
constexpr std::uint8_t class_to_interface = 0x21;  // USB 2.0, table 9-2: host to device, class, interface
constexpr std::uint8_t class_from_interface = 0xa1;
constexpr auto control_patience = std::chrono::seconds(5);  // dfu-util waits as long
constexpr auto between_looks = std::chrono::milliseconds(200);
constexpr auto return_patience = std::chrono::seconds(20);  // from DETACH to DFU mode: an enumeration, with room

/// The DFU interface of a device, with all its alternate settings.
Result<dfu::Function> function_of(const UsbDeviceInfo& device) {
  std::string descriptors;
  std::vector<const UsbInterface*> found;
  for (const auto& one : device.interfaces) {
    if (one.device_class != dfu::interface_class || one.subclass != dfu::interface_subclass) continue;
    if (!found.empty() && one.number != found.front()->number) continue;  // the first one is DFU's
    found.push_back(&one);
    descriptors += one.extra;
  }
  if (found.empty()) return Error(Errc::unsupported, Blame::configuration, device.title() + " has no DFU interface");
  auto function = dfu::read_functional(descriptors).within(device.title());
  if (!function) return function;
  function->interface = found.front()->number;
  function->runtime = found.front()->protocol == dfu::runtime_protocol;
  for (const auto* one : found) function->alternates.push_back({one->alternate, one->name});
  return function;
}

bool has_ids(const UsbDeviceInfo& device, std::optional<std::uint16_t> vendor, std::optional<std::uint16_t> product) {
  return (!vendor || *vendor == device.vendor) && (!product || *product == device.product);
}

/// Whether it is what the lab says, as an application or in DFU mode.
Result<> check_ids(const UsbDeviceInfo& device, const DfuAddress& address) {
  const bool as_application = has_ids(device, address.match.vendor, address.match.product);
  const bool as_loader = address.dfu_vendor && has_ids(device, address.dfu_vendor, address.dfu_product);
  if (as_application || as_loader) return ok();
  return Error(Errc::mismatch, Blame::infrastructure,
               device.title() + " is not the board that the lab file describes: its USB ids are others");
}

/// Exactly this device.
UsbMatch exactly(const UsbDeviceInfo& device) { return {device.vendor, device.product, device.serial, device.path}; }

/// The device that the lab means, whatever it is just now.
Task<UsbDeviceInfo> find_board(std::shared_ptr<UsbBus> bus, UsbMatch match, Deadline deadline) {
  match.vendor = match.product = std::nullopt;
  while (true) {
    HILLTOP_CO_TRY(const auto devices, bus->devices());
    auto found = find_usb_device(devices, match);
    if (found || found.error().code != Errc::unavailable || deadline.passed()) co_return found;
    HILLTOP_CO_CHECK(co_await sleep_for(std::min<Deadline::Clock::duration>(between_looks, deadline.left())));
  }
}

/// Asks the application to make room. The handle dies here, so that the kernel may have its interfaces back.
Task<> detach(std::shared_ptr<UsbBus> bus, UsbDeviceInfo device, dfu::Function function, Deadline deadline) {
  HILLTOP_CO_TRY(const auto handle, co_await bus->open(exactly(device), deadline));
  HILLTOP_CO_CHECK(co_await handle->claim(function.interface, deadline));
  const auto patience = static_cast<std::uint16_t>(function.detach_timeout.count());
  const UsbRequest request{class_to_interface, static_cast<std::uint8_t>(dfu::Request::detach), patience,
                           function.interface};
  auto sent = co_await handle->control_out(request, {}, deadline.at_most(control_patience));
  // A device that leaves the bus by itself may be gone before it has answered.
  if (!sent && sent.error().code != Errc::unavailable && !(function.will_detach && sent.error().code == Errc::io))
    co_return std::move(sent).within("DETACH");
  if (function.will_detach) co_return ok();
  auto reset = co_await handle->reset(deadline);
  if (!reset && reset.error().code != Errc::unavailable) co_return std::move(reset).within("reset to DFU mode");
  co_return ok();
}

/// Waits until what is in `place` has a DFU interface in DFU mode.
Task<UsbDeviceInfo> wait_for_dfu_mode(std::shared_ptr<UsbBus> bus, std::string place, Deadline deadline) {
  while (!deadline.passed()) {
    HILLTOP_CO_TRY(const auto devices, bus->devices());
    const auto back = std::ranges::find_if(devices, [&](const UsbDeviceInfo& one) { return one.path == place; });
    if (back != devices.end()) {
      const auto function = function_of(*back);
      if (function && !function->runtime) co_return *back;
    }
    HILLTOP_CO_CHECK(co_await sleep_for(std::min<Deadline::Clock::duration>(between_looks, deadline.left())));
  }
  co_return Error(Errc::timeout, Blame::infrastructure,
                  "the board at " + place + " did not come back in DFU mode after DETACH");
}

/// Does one step of a session. Value: what a read gave.
Task<std::string> perform(std::shared_ptr<DfuDevice> device, dfu::Step step, Deadline deadline) {
  const auto request = static_cast<std::uint8_t>(step.request);
  const auto interface = device->function.interface;
  const auto limit = deadline.at_most(control_patience);
  switch (step.kind) {
    case dfu::Step::Kind::write: {
      const UsbRequest out{class_to_interface, request, step.value, interface};
      HILLTOP_CO_CHECK(co_await device->handle->control_out(out, std::move(step.bytes), limit));
      break;
    }
    case dfu::Step::Kind::read: {
      const UsbRequest in{class_from_interface, request, step.value, interface};
      co_return co_await device->handle->control_in(in, step.size, limit);
    }
    case dfu::Step::Kind::wait:
      HILLTOP_CO_CHECK(co_await sleep_for(step.pause, deadline));
      break;
    case dfu::Step::Kind::reset_bus:
      HILLTOP_CO_CHECK(co_await device->handle->reset(deadline));
      break;
    default:
      break;
  }
  co_return std::string();
}

}  // namespace

std::uint16_t block_size(const dfu::Function& function) { return std::min(function.transfer_size, usbfs_page); }

Task<DfuDevice> enter_dfu_mode(std::shared_ptr<UsbBus> bus, DfuAddress address, Deadline deadline) {
  HILLTOP_CO_TRY(auto info, co_await find_board(bus, address.match, deadline));
  HILLTOP_CO_CHECK(check_ids(info, address));
  HILLTOP_CO_TRY(auto function, function_of(info));
  DfuDevice out;
  if (function.runtime) {
    out.runtime_vendor = info.vendor;
    out.runtime_product = info.product;
    HILLTOP_CO_CHECK(co_await detach(bus, info, function, deadline));
    HILLTOP_CO_TRY(info, co_await wait_for_dfu_mode(bus, info.path, deadline.at_most(return_patience)));
    HILLTOP_CO_TRY(function, function_of(info));
    if (address.dfu_vendor && !has_ids(info, address.dfu_vendor, address.dfu_product))
      co_return Error(Errc::mismatch, Blame::infrastructure,
                      info.title() + " came back in DFU mode, and the lab file says another dfu_id");
  }
  HILLTOP_CO_TRY(out.handle, co_await bus->open(exactly(info), deadline));
  HILLTOP_CO_CHECK(co_await out.handle->claim(function.interface, deadline));
  out.function = std::move(function);
  co_return out;
}

Task<bool> run_dfu_session(std::shared_ptr<DfuDevice> device, dfu::Alternate alternate,
                           std::vector<dfu::Operation> operations, FlashProgress progress, Deadline deadline) {
  const auto interface = device->function.interface;
  if (device->function.alternates.size() > 1)
    HILLTOP_CO_CHECK(co_await device->handle->set_alternate(interface, alternate.setting, deadline));
  std::uint64_t total = 0, shown = 0;
  for (const auto& one : operations) total += one.payload;
  dfu::Session session(device->function.manifestation_tolerant, std::move(operations));
  auto step = session.start();
  while (step.kind != dfu::Step::Kind::finished && step.kind != dfu::Step::Kind::failed) {
    auto reply = co_await perform(device, std::move(step), deadline);
    if (!reply && (reply.error().code == Errc::canceled || deadline.passed())) co_return std::move(reply).error();
    step = session.resume(std::move(reply));
    if (progress && session.written() > shown) progress(shown = session.written(), total);
  }
  if (step.kind == dfu::Step::Kind::failed) co_return std::move(step.error);
  co_return session.left();
}

Task<> wait_for_application(std::shared_ptr<UsbBus> bus, std::string place, Deadline deadline) {
  const auto limit = deadline.at_most(return_patience);
  while (true) {
    HILLTOP_CO_TRY(const auto devices, bus->devices());
    const auto back = std::ranges::find_if(devices, [&](const UsbDeviceInfo& one) { return one.path == place; });
    const auto function = back == devices.end() ? Result<dfu::Function>() : function_of(*back);
    const bool in_loader = function && !function->runtime;
    if (back != devices.end() && !in_loader) co_return ok();
    if (limit.passed() && in_loader)
      co_return Error(Errc::io, Blame::dut,
                      back->title() + " has the firmware and stays in DFU mode: it does not take it");
    if (limit.passed())
      co_return Error(Errc::timeout, Blame::dut,
                      "the board at " + place + " left with its new firmware and did not come back");
    HILLTOP_CO_CHECK(co_await sleep_for(std::min<Deadline::Clock::duration>(between_looks, limit.left())));
  }
}

}  // namespace hilltop::drivers
