// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/usb_recovery.hpp"

#include <charconv>

#include "drivers/core/log.hpp"
#include "drivers/usb/usb_hub.hpp"

namespace hilltop::drivers {
namespace {

constexpr auto reset_limit = std::chrono::seconds(3);
constexpr auto answer_limit = std::chrono::seconds(1);
constexpr auto off_time = std::chrono::seconds(1);  // capacitors behind the port empty themselves
constexpr UsbRequest get_status{0x80, 0, 0, 0};     // USB 2.0, 9.4.5: each device answers it

/// Opens the device and holds it to an answer.
Task<std::shared_ptr<UsbHandle>> open_answering(std::shared_ptr<UsbBus> bus, UsbMatch match, Deadline deadline) {
  HILLTOP_CO_TRY(auto handle, co_await bus->open(std::move(match), deadline));
  HILLTOP_CO_CHECK(co_await handle->control_in(get_status, 2, deadline.at_most(answer_limit)));
  co_return handle;
}

Task<std::shared_ptr<UsbHandle>> by_reset(std::shared_ptr<UsbBus> bus, UsbMatch match, Deadline deadline) {
  HILLTOP_CO_TRY(auto handle, co_await bus->open(match, deadline));
  const auto reset = co_await handle->reset(deadline);
  // A device that comes back as another one is opened anew.
  if (!reset && reset.error().code != Errc::unavailable) co_return reset.error();
  handle.reset();
  co_return co_await open_answering(std::move(bus), std::move(match), deadline);
}

Task<> cycle_hub_port(std::shared_ptr<UsbBus> bus, HubPort at, Deadline deadline) {
  HILLTOP_CO_TRY(auto box,
                 co_await open_hub_box(std::move(bus), UsbMatch{.path = at.hub}, at.port, false, {}, deadline));
  HILLTOP_CO_CHECK(co_await set_hub_port_power(box, at.port, false, deadline));
  const auto waited = co_await sleep_for(off_time, deadline);
  if (!waited) co_await ignore_cancellation();  // the port is not left without power
  auto on = co_await set_hub_port_power(std::move(box), at.port, true, Deadline::after(reset_limit));
  if (!waited) co_return waited.error();
  co_return on;
}

}  // namespace

Result<HubPort> hub_port_of(const std::string& path) {
  const auto dot = path.rfind('.');
  const auto hyphen = path.find('-');
  const Error no_place(Errc::bad_input, Blame::configuration, "'" + path + "' is no place at a hub");
  if (hyphen == std::string::npos || hyphen == 0) return no_place;
  const auto cut = dot == std::string::npos ? hyphen : dot;
  HubPort out{.hub = dot == std::string::npos ? "usb" + path.substr(0, hyphen) : path.substr(0, dot)};
  const auto* end = path.data() + path.size();
  const auto [stopped, error] = std::from_chars(path.data() + cut + 1, end, out.port);
  if (error != std::errc{} || stopped != end || out.port == 0) return no_place;
  return out;
}

Task<std::shared_ptr<UsbHandle>> recover_usb_device(std::shared_ptr<UsbBus> bus, UsbMatch match, UsbDeviceInfo last,
                                                    Deadline deadline) {
  auto reset = co_await by_reset(bus, match, deadline.at_most(reset_limit));
  if (reset || reset.error().code == Errc::canceled || reset.error().code == Errc::denied) co_return reset;
  log::warn("{}: a reset did not bring it back ({}): its hub port's power is switched", last.title(),
            reset.error().text);
  const auto tried = "after a reset (" + reset.error().text + ") and without power";
  HILLTOP_CO_TRY(auto at, hub_port_of(last.path));
  auto cycled = co_await cycle_hub_port(bus, std::move(at), deadline);
  if (!cycled) co_return std::move(cycled).within(tried).error();
  co_return (co_await open_answering(std::move(bus), std::move(match), deadline)).within(tried);
}

}  // namespace hilltop::drivers
