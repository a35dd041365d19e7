// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/hub.hpp"

namespace hilltop::usb_lab {
namespace {

constexpr std::uint8_t hub_class = 9;
// USB 2.0, table 11-17: the features that drivers set and clear.
constexpr std::uint16_t port_power = 8;

// Device capability 4 (USB 3.2, 9.6.2.3): both halves of a box have the same container id, which is how they are known
// to be one box. The port on which the box is makes it unique here.
Bytes container_id(const Options& options) {
  Bytes bytes{20, 16, 4, 0};
  const auto name = options.text("serial") + "@" + options.text("port");
  for (std::size_t i = 0; i < 16; ++i)
    bytes.push_back(static_cast<std::uint8_t>(0x11 * i + (i < name.size() ? name[i] : 0)));
  return bytes;
}

Description hub_description(const Options& options, Speed speed) {
  const bool super = speed == Speed::super;
  Description d;
  d.vendor = 0x2109;
  d.product = super ? 0x0813 : 0x2813;
  d.release = 0x9011;
  d.device_class = hub_class;
  d.protocol = super ? 3 : 1;
  d.speed = speed;
  d.manufacturer = "VIA Labs, Inc.";
  d.name = super ? "USB3.0 Hub" : "USB2.0 Hub";
  d.interfaces = {{.device_class = hub_class, .endpoints = {{0x81, Transport::interrupt, 1, 12}}}};
  d.capabilities = container_id(options);
  return d;
}

PowerSwitch::Kind switching(const Options& options) {
  const auto text = options.text("switching", "per-port");
  if (text == "per-port") return PowerSwitch::Kind::per_port;
  if (text == "ganged") return PowerSwitch::Kind::ganged;
  if (text == "none") return PowerSwitch::Kind::none;
  if (text == "fake") return PowerSwitch::Kind::fake;
  throw UsageError("switching is per-port, ganged, none or fake, not " + text);
}

}  // namespace

Hub::Hub(const Options& options, std::shared_ptr<PowerSwitch> box, Speed speed)
    : Device(options),
      box_(std::move(box)),
      half_(box_->add_hub()),
      stuck_(options.has("stuck")),
      power_(box_->ports(), true),
      connected_(box_->ports()) {
  describe(hub_description(options, speed));
}

std::shared_ptr<PowerSwitch> Hub::make_box(const Options& options) {
  const auto ports = options.number("ports", 4);
  if (ports < 1 || ports > 15) throw UsageError("a hub has 1 to 15 ports");
  return std::make_shared<PowerSwitch>(switching(options), ports, StateLog(options.text("state")));
}

Bytes Hub::hub_descriptor() const {
  using Kind = PowerSwitch::Kind;
  const auto kind = box_->kind();
  // wHubCharacteristics, bits 1..0: 00 ganged, 01 each port, 1x none.
  const std::uint8_t characteristics = kind == Kind::ganged ? 0x00 : kind == Kind::none ? 0x02 : 0x01;
  const auto count = static_cast<std::uint8_t>(ports());
  if (is_super()) return {12, 0x2a, count, characteristics, 0, 50, 0, 4, 0, 0, 0, 0};
  Bytes bytes{0, 0x29, count, characteristics, 0, 50, 100};
  const auto map_bytes = ports() / 8 + 1;
  bytes.insert(bytes.end(), map_bytes, 0x00);  // which devices are not removable
  bytes.insert(bytes.end(), map_bytes, 0xff);
  bytes[0] = static_cast<std::uint8_t>(bytes.size());
  return bytes;
}

Bytes Hub::port_status(unsigned port) const {
  const bool power = power_[port - 1];
  const auto device = power ? connected_[port - 1] : std::nullopt;
  std::uint16_t status = device ? 0x0003 : 0;  // connected, enabled
  if (is_super()) {
    if (power) status |= 0x0200;
    if (!device) status |= power ? 5 << 5 : 4 << 5;  // link state: Rx.Detect, SS.Disabled
  } else {
    if (power) status |= 0x0100;
    if (device == Speed::high) status |= 0x0400;
    if (device == Speed::low) status |= 0x0200;
  }
  Bytes bytes;
  put16(bytes, status);
  put16(bytes, 0);
  return bytes;
}

void Hub::set_port_power(unsigned port, bool on) {
  if (stuck_ || box_->kind() == PowerSwitch::Kind::none || power_[port - 1] == on) return;
  power_[port - 1] = on;
  box_->set(half_, port, on);
  if (switched_) switched_();
}

bool Hub::on_control(const Setup& setup, Bytes& data) {
  const auto port = static_cast<unsigned>(setup.index & 0xff);
  const auto type = is_super() ? 0x2a : 0x29;
  if (setup.is(0xa0, 6) && (setup.value >> 8) == type) {
    data = hub_descriptor();
    return true;
  }
  if (setup.is(0xa0, 0)) {
    data = {0, 0, 0, 0};
    return true;
  }
  if (port < 1 || port > ports()) return false;
  if (setup.is(0xa3, 0)) {
    data = port_status(port);
    return true;
  }
  if (setup.is(0x23, 1) || setup.is(0x23, 3)) {
    if (setup.value == port_power) set_port_power(port, setup.request == 3);
    return true;
  }
  return false;
}

void Hub::on_power(bool powered) {
  // A hub that has just got its power switches its ports on, as Linux asks it to.
  if (!powered) return;
  for (unsigned port = 1; port <= ports(); ++port) {
    power_[port - 1] = true;
    box_->set(half_, port, true);
  }
}

std::unique_ptr<Hub> make_root_hub(Speed speed) {
  Options options;
  options.set("ports", "15");
  options.set("switching", "fake");
  options.set("vid", "1d6b");
  options.set("pid", speed == Speed::super ? "3" : "2");
  options.set("bcd", "0612");
  options.set("manufacturer", "Linux usbmock");
  options.set("product", "xHCI Host Controller");
  options.set("serial", "0000:00:14.0");
  return std::make_unique<Hub>(options, Hub::make_box(options), speed);
}

}  // namespace hilltop::usb_lab
