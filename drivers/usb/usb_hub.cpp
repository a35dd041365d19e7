// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/usb_hub.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hilltop::drivers {
namespace {

constexpr std::uint8_t hub_class = 9;
constexpr std::uint16_t feature_port_power = 8;  // USB 2.0, table 11-17
constexpr UsbRequest get_hub_descriptor{0xa0, 6, 0x2900, 0};
constexpr UsbRequest get_super_hub_descriptor{0xa0, 6, 0x2a00, 0};
constexpr UsbRequest get_object_store{0x80, 6, 0x0f00, 0};
constexpr auto request_limit = std::chrono::seconds(2);
constexpr auto between_read_backs = std::chrono::milliseconds(50);
constexpr auto most_read_back_time = std::chrono::seconds(5);

std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }
std::uint16_t word_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(bytes, at) | byte_at(bytes, at + 1) << 8);
}

Error no_hub_says(std::string_view what) {
  return {Errc::protocol, Blame::infrastructure, std::string(what) + " is not as USB hubs send it"};
}

Task<OpenHub> open_hub(std::shared_ptr<UsbBus> bus, UsbMatch match, Deadline deadline) {
  OpenHub out;
  HILLTOP_CO_TRY(out.handle, co_await bus->open(std::move(match), deadline));
  if (out.handle->info().device_class != hub_class)
    co_return Error(Errc::bad_input, Blame::configuration, out.handle->info().title() + " is no hub");
  const auto request = out.is_super() ? get_super_hub_descriptor : get_hub_descriptor;
  HILLTOP_CO_TRY(const auto bytes, co_await out.handle->control_in(request, 64, deadline.at_most(request_limit)));
  auto info = read_hub_descriptor(bytes);
  if (!info) co_return std::move(info).within(out.handle->info().title()).error();
  out.info = *std::move(info);
  co_return out;
}

/// "" also for hubs before USB 2.1, which have no object store and refuse.
Task<std::string> ask_container_id(std::shared_ptr<UsbHandle> handle, Deadline deadline) {
  const auto bytes = co_await handle->control_in(get_object_store, 256, deadline.at_most(request_limit));
  if (!bytes && bytes.error().code != Errc::io) co_return bytes.error();
  co_return bytes ? container_id(*bytes) : std::string();
}

std::string_view ports_of(const std::string& path) { return std::string_view(path).substr(path.find('-') + 1); }

/// The hubs of the other speed class.
std::vector<UsbDeviceInfo> other_hubs(const std::vector<UsbDeviceInfo>& devices, const UsbDeviceInfo& hub) {
  std::vector<UsbDeviceInfo> out;
  const auto is_super = [](const auto& device) { return device.speed >= UsbSpeed::super; };
  for (const auto& device : devices)
    if (device.device_class == hub_class && device.bus != hub.bus && is_super(device) != is_super(hub) &&
        device.path.contains('-'))
      out.push_back(device);
  return out;
}

Task<std::vector<OpenHub>> find_other_half(std::shared_ptr<UsbBus> bus, OpenHub hub, Deadline deadline) {
  const auto& info = hub.handle->info();
  if (!info.path.contains('-')) co_return std::vector<OpenHub>{};  // a root hub's halves have their own ports
  HILLTOP_CO_TRY(const auto id, co_await ask_container_id(hub.handle, deadline));
  if (id.empty()) co_return std::vector<OpenHub>{};
  HILLTOP_CO_TRY(const auto devices, bus->devices());
  std::vector<OpenHub> found;
  for (const auto& candidate : other_hubs(devices, info)) {
    HILLTOP_CO_TRY(auto other, co_await open_hub(bus, UsbMatch{.path = candidate.path}, deadline));
    HILLTOP_CO_TRY(const auto other_id, co_await ask_container_id(other.handle, deadline));
    if (other_id == id) found.push_back(std::move(other));
  }
  // Hubs of one model may all have one id; usually both halves are plugged into the port of one number then.
  if (found.size() > 1)
    std::erase_if(found, [&](const auto& other) { return ports_of(other.handle->info().path) != ports_of(info.path); });
  if (found.size() > 1)
    co_return Error(Errc::bad_input, Blame::configuration,
                    fmt::format("{}: its USB 3 half may be at {} or at {}: write 'pair:' into the lab file",
                                info.title(), found[0].handle->info().path, found[1].handle->info().path));
  co_return found;
}

Result<> check_switchable(const OpenHub& hub, std::uint8_t port, bool ganged) {
  const auto title = hub.handle->info().title();
  if (port == 0 || port > hub.info.ports)
    return Error(Errc::bad_input, Blame::configuration,
                 fmt::format("{}: it has {} ports, and no port {}", title, hub.info.ports, port));
  if (hub.info.switching == HubSwitching::none)
    return Error(Errc::unsupported, Blame::configuration, title + ": this hub says that it cannot switch power");
  if (hub.info.switching == HubSwitching::ganged && !ganged)
    return Error(Errc::unsupported, Blame::configuration,
                 title + ": this hub switches all its ports at once; with only one board on it write 'ganged: true'");
  return ok();
}

Task<bool> read_port(OpenHub hub, std::uint8_t port, Deadline deadline) {
  const UsbRequest get_status{0xa3, 0, 0, port};
  HILLTOP_CO_TRY(const auto status, co_await hub.handle->control_in(get_status, 4, deadline.at_most(request_limit)));
  auto power = port_has_power(status, hub.is_super());
  if (!power) co_return std::move(power).within(hub.handle->info().title());
  co_return *power;
}

Task<> write_port(OpenHub hub, std::uint8_t port, bool on, Deadline deadline) {
  const std::uint8_t request = on ? 3 : 1;  // SET_FEATURE, CLEAR_FEATURE
  const bool all = hub.info.switching == HubSwitching::ganged;
  for (unsigned each = all ? 1 : port; each <= (all ? hub.info.ports : port); ++each) {
    const UsbRequest order{0x23, request, feature_port_power, static_cast<std::uint16_t>(each)};
    HILLTOP_CO_CHECK(co_await hub.handle->control_out(order, {}, deadline.at_most(request_limit)));
  }
  co_return ok();
}

}  // namespace

std::string_view to_string(HubSwitching switching) noexcept {
  if (switching == HubSwitching::none) return "none";
  return switching == HubSwitching::ganged ? "ganged" : "each port";
}

Result<UsbHubInfo> read_hub_descriptor(std::string_view bytes) {
  if (bytes.size() < 7 || (byte_at(bytes, 1) != 0x29 && byte_at(bytes, 1) != 0x2a) || byte_at(bytes, 2) == 0)
    return no_hub_says("the hub descriptor");
  constexpr HubSwitching kinds[] = {HubSwitching::ganged, HubSwitching::each_port, HubSwitching::none,
                                    HubSwitching::none};
  return UsbHubInfo{.ports = byte_at(bytes, 2), .switching = kinds[word_at(bytes, 3) & 3]};
}

Result<bool> port_has_power(std::string_view status, bool is_super) {
  if (status.size() < 4) return no_hub_says("the port's status");
  return (word_at(status, 0) & (is_super ? 0x0200 : 0x0100)) != 0;
}

std::string container_id(std::string_view object_store) {
  constexpr std::uint8_t capability = 16, container = 4;
  constexpr std::size_t size = 20;
  for (std::size_t at = 5; at + 3 <= object_store.size();) {
    const auto length = byte_at(object_store, at);
    if (length < 3) break;
    if (byte_at(object_store, at + 1) == capability && byte_at(object_store, at + 2) == container && length >= size &&
        at + size <= object_store.size()) {
      std::string out;
      for (std::size_t i = 4; i < size; ++i) out += fmt::format("{:02x}", byte_at(object_store, at + i));
      return out.find_first_not_of('0') == std::string::npos ? std::string() : out;
    }
    at += length;
  }
  return {};
}

Task<std::vector<OpenHub>> open_hub_box(std::shared_ptr<UsbBus> bus, UsbMatch match, std::uint8_t port, bool ganged,
                                        HubPairing pairing, Deadline deadline) {
  std::vector<OpenHub> box;
  HILLTOP_CO_TRY(auto hub, co_await open_hub(bus, std::move(match), deadline));
  if (pairing.kind == HubPairing::Kind::by_container) {
    HILLTOP_CO_TRY(box, co_await find_other_half(bus, hub, deadline));
  } else if (pairing.kind == HubPairing::Kind::at) {
    HILLTOP_CO_TRY(auto other, co_await open_hub(bus, UsbMatch{.path = pairing.path}, deadline));
    box.push_back(std::move(other));
  }
  box.insert(box.begin(), std::move(hub));
  for (const auto& half : box) HILLTOP_CO_CHECK(check_switchable(half, port, ganged));
  co_return box;
}

Task<bool> hub_port_power(std::vector<OpenHub> box, std::uint8_t port, Deadline deadline) {
  bool any = false;
  for (const auto& hub : box) {
    HILLTOP_CO_TRY(const bool power, co_await read_port(hub, port, deadline));
    any = any || power;
  }
  co_return any;
}

Task<> set_hub_port_power(std::vector<OpenHub> box, std::uint8_t port, bool on, Deadline deadline) {
  const auto until = deadline.at_most(most_read_back_time);
  for (;;) {
    for (const auto& hub : box) HILLTOP_CO_CHECK(co_await write_port(hub, port, on, until));
    bool agrees = true;
    for (const auto& hub : box) {
      HILLTOP_CO_TRY(const bool power, co_await read_port(hub, port, until));
      agrees = agrees && power == on;
    }
    if (agrees) co_return ok();
    if (!co_await sleep_for(between_read_backs, until)) break;
  }
  if (co_await is_canceled()) co_return canceled_error("hub port");
  co_return Error(Errc::mismatch, Blame::infrastructure,
                  fmt::format("{}: port {} was switched {} and does not say so", box.front().handle->info().title(),
                              port, on ? "on" : "off"));
}

}  // namespace hilltop::drivers
