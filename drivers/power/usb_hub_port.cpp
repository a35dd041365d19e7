// SPDX-License-Identifier: Apache-2.0
// Driver `usb-hub-port`: the power of one port of a USB hub that can switch it.
//   driver: usb-hub-port
//   path: 1-1.4            # of the hub (or `serial:`); `usb_id: "2109:2813"` too, if that is to be held to
//   port: 2
//   ganged: true           # optional: the hub switches all its ports at once, and there is one board on it
//   pair: 2-1.4            # optional: the USB 3 half of the same box, where the hub does not tell it; `none`: has none
#include "drivers/api/device.hpp"
#include "drivers/core/fields.hpp"
#include "drivers/power/unit_turn.hpp"
#include "drivers/tables.hpp"
#include "drivers/usb/usb_hub.hpp"

namespace hilltop::drivers {
namespace {

constexpr auto most_time_to_appear = std::chrono::seconds(10);

struct HubPortAddress {
  UsbMatch hub = {};
  std::uint8_t port = 0;
  bool ganged = false;
  HubPairing pairing = {};
};

using Addresses = std::vector<std::pair<std::uint8_t, std::uint8_t>>;

/// The box stays open between operations, which asks the bus less; any hub that comes or goes makes it be looked for
/// anew.
struct Kept {
  std::vector<OpenHub> box = {};
  Addresses hubs = {};
};

struct Opened {
  std::vector<OpenHub> box = {};
  UnitTurn turn = {};
};

Addresses hubs_of(const std::vector<UsbDeviceInfo>& devices) {
  constexpr std::uint8_t hub_class = 9;
  Addresses out;
  for (const auto& device : devices)
    if (device.device_class == hub_class) out.emplace_back(device.bus, device.address);
  return out;
}

/// The halves of a box are one unit, whichever of them an address names.
std::string unit_name(const std::vector<OpenHub>& box) {
  std::string first;
  for (const auto& half : box)
    if (const auto& path = half.handle->info().path; first.empty() || path < first) first = path;
  return "usb " + first;
}

Task<Opened> begin(Env env, HubPortAddress address, std::shared_ptr<Kept> kept, Deadline deadline) {
  HILLTOP_CO_TRY(auto bus, UsbBus::of(env));
  HILLTOP_CO_TRY(const auto devices, bus->devices());
  auto hubs = hubs_of(devices);
  Opened out;
  if (!kept->box.empty() && kept->hubs == hubs) {
    out.box = kept->box;
  } else {
    kept->box.clear();
    HILLTOP_CO_TRY(out.box, co_await open_hub_box(std::move(bus), address.hub, address.port, address.ganged,
                                                  address.pairing, deadline.at_most(most_time_to_appear)));
    *kept = {.box = out.box, .hubs = std::move(hubs)};
  }
  HILLTOP_CO_TRY(out.turn, co_await take_turn(unit_name(out.box), deadline));
  co_return out;
}

Task<PowerState> read_state(Env env, HubPortAddress address, std::shared_ptr<Kept> kept, Deadline deadline) {
  HILLTOP_CO_TRY(const auto hub, co_await begin(std::move(env), address, std::move(kept), deadline));
  HILLTOP_CO_TRY(const bool on, co_await hub_port_power(hub.box, address.port, deadline));
  co_return on ? PowerState::on : PowerState::off;
}

Task<> switch_to(Env env, HubPortAddress address, std::shared_ptr<Kept> kept, PowerState wanted, Deadline deadline) {
  HILLTOP_CO_TRY(const auto hub, co_await begin(std::move(env), address, std::move(kept), deadline));
  co_return co_await set_hub_port_power(hub.box, address.port, wanted == PowerState::on, deadline);
}

class UsbHubPort final : public Device, PowerPort {
 public:
  UsbHubPort(Env env, HubPortAddress address) : env_(std::move(env)), address_(std::move(address)) {}
  PowerPort* power() override { return this; }
  Task<> shut_down(Deadline) override { co_return ok(); }

 private:
  Task<> set(PowerState wanted, Deadline deadline) override {
    return switch_to(env_, address_, kept_, wanted, deadline);
  }
  Task<PowerState> state(Deadline deadline) override { return read_state(env_, address_, kept_, deadline); }
  void on_lost(std::function<void(std::string reason)> handler) override {
    const auto bus = UsbBus::of(env_);
    if (!bus) return;  // the first operation says why
    watch_ = (*bus)->on_change([hub = address_.hub, handler = std::move(handler)](auto change, const auto& device) {
      if (change == UsbBus::Change::left && hub.fits(device)) handler("the hub " + device.title() + " was unplugged");
    });
  }

  Env env_;
  HubPortAddress address_;
  std::shared_ptr<Kept> kept_ = std::make_shared<Kept>();
  std::shared_ptr<void> watch_;
};

HubPairing read_pairing(Fields& fields) {
  const auto text = fields.text("pair");
  if (!text) return {};
  if (*text == "none") return {.kind = HubPairing::Kind::none};
  if (!is_usb_path(*text))
    fields.error(fields.node()["pair"], "'pair' must be the place of the hub's other half, or none",
                 "as the kernel writes it: \"2-1.4\"");
  return {.kind = HubPairing::Kind::at, .path = *text};
}

HubPortAddress read_hub_port(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "usb-hub-port", diagnostics);
  (void)fields.text("driver");
  fields.require("port", "the hub's port, counted from 1");
  HubPortAddress out;
  out.hub = read_usb_match(fields);
  out.port = static_cast<std::uint8_t>(fields.integer("port", 1, 255).value_or(1));
  out.ganged = fields.flag("ganged").value_or(false);
  out.pairing = read_pairing(fields);
  fields.refuse_others();
  return out;
}

void check_usb_hub_port(const Node& address, Diagnostics& diagnostics) { (void)read_hub_port(address, diagnostics); }

Result<std::unique_ptr<Device>> make_usb_hub_port(const Env& env, const Node& address) {
  Diagnostics diagnostics;
  auto read = read_hub_port(address, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return std::unique_ptr<Device>(std::make_unique<UsbHubPort>(env, std::move(read)));
}

}  // namespace

constinit const DriverInfo usb_hub_port{
    .name = "usb-hub-port",
    .offers = "power",
    .summary = "a port of a USB hub that switches its ports' power, read back",
    .source = "USB 2.0, 11.24.2; USB 3.2, 10.16.2",
    .verified = Verified::independent_tool,
    .check = check_usb_hub_port,
    .make = make_usb_hub_port,
};

}  // namespace hilltop::drivers
