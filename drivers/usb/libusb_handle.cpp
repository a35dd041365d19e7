// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/libusb_handle.hpp"

#include <fmt/format.h>

#include <functional>

#include "drivers/usb/lane_call.hpp"
#include "drivers/usb/libusb_transfer.hpp"

namespace hilltop::drivers {
namespace {

/// A call of libusb that may block, on the device's own lane.
Task<> blocking(std::shared_ptr<OpenDevice> device, std::string what, std::function<int(OpenDevice&)> call,
                Deadline deadline) {
  auto on_lane = [device, what, call = std::move(call)]() -> Result<> {
    if (const int error = call(*device); error != LIBUSB_SUCCESS) return device->error(error, what);
    return ok();
  };
  auto over = co_await call_on_lane<void>(device->lane(), std::move(on_lane), deadline);
  const bool ours = !over && (over.error().code == Errc::timeout || over.error().code == Errc::canceled);
  if (ours) co_return std::move(over).within(device->info().title() + ": " + what);
  co_return over;
}

/// Shape: [type:1][request:1][value:2][index:2][length:2], little-endian. Source: USB 2.0, table 9-2.
std::string setup_packet(const UsbRequest& request, std::size_t length) {
  const auto low = [](std::size_t word) { return static_cast<char>(word & 0xff); };
  const auto high = [](std::size_t word) { return static_cast<char>(word >> 8 & 0xff); };
  return {low(request.type),  low(request.request), low(request.value), high(request.value),
          low(request.index), high(request.index),  low(length),        high(length)};
}

UsbTransferOrder control_order(const UsbRequest& request, std::size_t length) {
  UsbTransferOrder order{.kind = UsbTransferOrder::Kind::control,
                         .what = fmt::format("control request {:02x} {:02x}", request.type, request.request)};
  order.buffer = setup_packet(request, length);
  return order;
}

Error bad_order(const UsbDeviceInfo& device, std::string_view why) {
  return {Errc::bad_input, Blame::bug, device.title() + ": " + std::string(why)};
}

const UsbEndpoint* endpoint_of(const UsbDeviceInfo& device, std::uint8_t address) {
  for (const auto& interface : device.interfaces)
    for (const auto& endpoint : interface.endpoints)
      if (endpoint.address == address) return &endpoint;
  return nullptr;
}

Task<std::string> pipe_transfer(std::shared_ptr<OpenDevice> device, std::uint8_t endpoint, std::string buffer,
                                Deadline deadline) {
  const auto* known = endpoint_of(device->info(), endpoint);
  if (known == nullptr)
    co_return Error(Errc::protocol, Blame::infrastructure,
                    fmt::format("{}: it has no endpoint {:02x}", device->info().title(), endpoint));
  const bool interrupt = known->kind == UsbEndpoint::Kind::interrupt;
  UsbTransferOrder order{
      .kind = interrupt ? UsbTransferOrder::Kind::interrupt : UsbTransferOrder::Kind::bulk,
      .endpoint = endpoint,
      .buffer = std::move(buffer),
      .what = fmt::format("{} endpoint {:02x}", known->is_in() ? "read from" : "write to", endpoint)};
  co_return co_await do_transfer(std::move(device), std::move(order), deadline);
}

Task<> write_all(std::shared_ptr<OpenDevice> device, UsbTransferOrder order, Deadline deadline) {
  HILLTOP_CO_CHECK(co_await do_transfer(std::move(device), std::move(order), deadline));
  co_return ok();
}

Task<> write_pipe(std::shared_ptr<OpenDevice> device, std::uint8_t endpoint, std::string bytes, Deadline deadline) {
  HILLTOP_CO_CHECK(co_await pipe_transfer(std::move(device), endpoint, std::move(bytes), deadline));
  co_return ok();
}

template <class T>
Task<T> refuse(Error error) {
  co_return error;
}

}  // namespace

Task<> LibusbHandle::claim(std::uint8_t number, Deadline deadline) {
  return blocking(
      device_, fmt::format("claim interface {}", number), [number](OpenDevice& device) { return device.claim(number); },
      deadline);
}

Task<> LibusbHandle::set_alternate(std::uint8_t number, std::uint8_t setting, Deadline deadline) {
  return blocking(
      device_, fmt::format("alternate setting {} of interface {}", setting, number),
      [number, setting](OpenDevice& device) { return libusb_set_interface_alt_setting(device.raw(), number, setting); },
      deadline);
}

Task<> LibusbHandle::clear_halt(std::uint8_t endpoint, Deadline deadline) {
  return blocking(
      device_, fmt::format("clear the halt of endpoint {:02x}", endpoint),
      [endpoint](OpenDevice& device) { return libusb_clear_halt(device.raw(), endpoint); }, deadline);
}

Task<> LibusbHandle::reset(Deadline deadline) {
  return blocking(device_, "reset", [](OpenDevice& device) { return libusb_reset_device(device.raw()); }, deadline);
}

Task<std::string> LibusbHandle::control_in(UsbRequest request, std::uint16_t size, Deadline deadline) {
  if ((request.type & LIBUSB_ENDPOINT_IN) == 0)
    return refuse<std::string>(bad_order(info(), "a control request that reads has bit 7 of its type set"));
  auto order = control_order(request, size);
  order.buffer.resize(LIBUSB_CONTROL_SETUP_SIZE + size);
  return do_transfer(device_, std::move(order), deadline);
}

Task<> LibusbHandle::control_out(UsbRequest request, std::string bytes, Deadline deadline) {
  if ((request.type & LIBUSB_ENDPOINT_IN) != 0 || bytes.size() > 0xffff)
    return refuse<void>(bad_order(info(), "a control request that writes has bit 7 of its type clear, and 64 KiB"));
  auto order = control_order(request, bytes.size());
  order.buffer += bytes;
  return write_all(device_, std::move(order), deadline);
}

Task<std::string> LibusbHandle::read(std::uint8_t endpoint, std::size_t size, Deadline deadline) {
  if ((endpoint & LIBUSB_ENDPOINT_IN) == 0)
    return refuse<std::string>(bad_order(info(), "an endpoint that is read has bit 7 set"));
  return pipe_transfer(device_, endpoint, std::string(size, '\0'), deadline);
}

Task<> LibusbHandle::write(std::uint8_t endpoint, std::string bytes, Deadline deadline) {
  if ((endpoint & LIBUSB_ENDPOINT_IN) != 0)
    return refuse<void>(bad_order(info(), "an endpoint that is written has bit 7 clear"));
  return write_pipe(device_, endpoint, std::move(bytes), deadline);
}

}  // namespace hilltop::drivers
