// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/mock/bus.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tests/usb_lab/models/catalogue.hpp"

namespace hilltop::usb_lab {
namespace {

constexpr std::string_view controller = "/devices/pci0000:00/0000:00:14.0";

bool is_root(const std::string& path) { return path.starts_with("usb"); }

unsigned bus_number(const std::string& path) {
  return static_cast<unsigned>(std::stoul(is_root(path) ? path.substr(3) : path.substr(0, path.find('-'))));
}

/// "1-1.2": "1-1"; "1-1": "usb1"; "usb1": "".
std::string parent_of(const std::string& path) {
  if (is_root(path)) return "";
  const auto dot = path.rfind('.');
  return dot == path.npos ? "usb" + std::to_string(bus_number(path)) : path.substr(0, dot);
}

unsigned port_of(const std::string& path) {
  return static_cast<unsigned>(std::stoul(path.substr(path.find_last_of(".-") + 1)));
}

std::string whole_path(const std::string& port) { return port.find('-') == port.npos ? "1-" + port : port; }

bool is_valid(const std::string& path) {
  const auto digits = [](std::string_view text) {
    return !text.empty() && text.size() < 3 &&
           std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }) && text != "0";
  };
  const auto dash = path.find('-');
  if (dash != 1 || (path[0] != '1' && path[0] != '2')) return false;
  for (std::size_t from = dash + 1;;) {
    const auto dot = path.find('.', from);
    if (!digits(std::string_view(path).substr(from, dot == path.npos ? dot : dot - from))) return false;
    if (dot == path.npos) return true;
    from = dot + 1;
  }
}

}  // namespace

Bus::Bus(const std::string& log_path) : log_(log_path) {
  for (const auto speed : {Speed::high, Speed::super}) {
    auto hub = make_root_hub(speed);
    Slot slot{.path = speed == Speed::high ? "usb1" : "usb2"};
    slot.hub = hub.get();
    slot.device = std::move(hub);
    add_slot(std::move(slot));
  }
}

Bus::~Bus() {
  for (auto& slot : slots_) slot->terminal.reset();
}

void Bus::add(const Options& options) {
  const auto path = options.has("port") ? whole_path(options.text("port")) : free_port();
  if (!is_valid(path)) throw UsageError("port=" + path + " is no port of bus 1 or 2");
  if (options.model() == "hub") return add_hub(options, path);
  Slot slot{.path = path, .in = !options.has("unplugged")};
  slot.terminal_name = options.text("tty");
  slot.terminal_log = StateLog(options.text("state"));
  slot.device = make_device(options);
  if (!slot.terminal_name.empty() && slot.device->serial_peer() == nullptr)
    throw UsageError("a " + options.model() + " has no tty");
  add_slot(std::move(slot));
}

void Bus::add_hub(const Options& options, const std::string& path) {
  const auto box = Hub::make_box(options);
  std::vector<std::pair<std::string, Speed>> halves{{path, bus_number(path) == 2 ? Speed::super : Speed::high}};
  if (options.has("pair")) halves.emplace_back(whole_path(options.text("pair")), Speed::super);
  for (const auto& [where, speed] : halves) {
    if (!is_valid(where)) throw UsageError("pair=" + where + " is no port of bus 1 or 2");
    auto hub = std::make_unique<Hub>(options, box, speed);
    Slot slot{.path = where, .in = !options.has("unplugged")};
    slot.hub = hub.get();
    slot.device = std::move(hub);
    add_slot(std::move(slot));
  }
  options.refuse_others();
}

void Bus::add_slot(Slot slot) {
  if (find(slot.path) != nullptr) throw UsageError("two devices at " + slot.path);
  const auto parent = parent_of(slot.path);
  if (!parent.empty()) {
    const auto* hub = find(parent);
    if (hub == nullptr || hub->hub == nullptr) throw UsageError("there is no hub at " + parent + " for " + slot.path);
    if (port_of(slot.path) > hub->hub->ports())
      throw UsageError("the hub at " + parent + " has no port for " + slot.path);
  }
  slots_.push_back(std::make_unique<Slot>(std::move(slot)));
}

std::string Bus::free_port() {
  for (unsigned port = 1;; ++port)
    if (auto path = "1-" + std::to_string(port); find(path) == nullptr) return path;
}

Bus::Slot* Bus::find(const std::string& path) {
  const auto found = std::ranges::find(slots_, path, [](const auto& slot) { return slot->path; });
  return found == slots_.end() ? nullptr : found->get();
}

Bus::Slot& Bus::at(const std::string& path) {
  auto* slot = find(whole_path(path));
  if (slot == nullptr) throw UsageError("nothing was ever at " + path);
  return *slot;
}

void Bus::control(const std::string& line) {
  const std::lock_guard lock(mutex_);
  const auto space = line.find(' ');
  if (space == line.npos) throw UsageError("no port in '" + line + "'");
  const auto verb = line.substr(0, space);
  const auto rest = line.substr(space + 1);
  if (verb == "plug") {
    at(rest).device->returned();
    at(rest).in = true;
  } else if (verb == "unplug") {
    at(rest).in = false;
  } else if (verb == "tell" && rest.find(' ') != rest.npos) {
    at(rest.substr(0, rest.find(' '))).device->command(rest.substr(rest.find(' ') + 1));
  } else {
    throw UsageError("plug PORT, unplug PORT or tell PORT COMMAND, not '" + line + "'");
  }
}

bool Bus::has_vbus(const Slot& slot) {
  const auto parent = parent_of(slot.path);
  if (parent.empty()) return true;
  auto& hub = *find(parent);
  return hub.in && has_vbus(hub) && hub.hub->vbus(port_of(slot.path));
}

bool Bus::is_seen(const Slot& slot) {
  const auto parent = parent_of(slot.path);
  if (parent.empty()) return true;
  auto& hub = *find(parent);
  return hub.address != 0 && is_seen(hub) && hub.hub->powered(port_of(slot.path));
}

void Bus::tell_hubs() {
  for (auto& slot : slots_) {
    const auto parent = parent_of(slot->path);
    if (parent.empty()) continue;
    find(parent)->hub->set_connected(port_of(slot->path),
                                     slot->in ? std::optional(slot->device->description().speed) : std::nullopt);
  }
}

void Bus::settle() {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  // Hubs stand before what is behind them.
  for (auto& slot : slots_) settle_slot(*slot, now);
  tell_hubs();
}

void Bus::settle_slot(Slot& slot, Clock::time_point now) {
  if (slot.in && slot.device->dropped()) {
    slot.in = false;
    if (slot.device->back_after().count() > 0) slot.back_at = now + slot.device->back_after();
  }
  if (slot.back_at && now >= *slot.back_at) {
    slot.device->returned();
    slot.in = true;
    slot.back_at.reset();
  }
  const bool powered = slot.in && has_vbus(slot);
  slot.device->set_powered(powered);
  const bool seen = powered && is_seen(slot);
  if (seen && slot.address == 0) enumerate(slot);
  if (!seen && slot.address != 0) leave(slot);
  if (seen) slot.device->tick(now);
}

std::string Bus::sysfs_path(const std::string& path) const {
  if (is_root(path)) return std::string(controller) + "/" + path;
  return sysfs_path(parent_of(path)) + "/" + path;
}

std::string Bus::node(const Slot& slot) const {
  return fmt::format("/dev/bus/usb/{:03}/{:03}", bus_number(slot.path), slot.address);
}

std::string Bus::description(const Slot& slot) const {
  const auto& d = slot.device->description();
  const auto bus = bus_number(slot.path);
  auto descriptors = slot.device->device_descriptor();
  append(descriptors, slot.device->configuration_descriptor());
  auto hex = to_hex(descriptors);
  std::ranges::transform(hex, hex.begin(), [](unsigned char c) { return std::toupper(c); });
  const auto devpath = is_root(slot.path) ? "0" : slot.path.substr(slot.path.find('-') + 1);
  auto text = fmt::format(
      "P: {}\nN: bus/usb/{:03}/{:03}\nE: DEVTYPE=usb_device\nE: SUBSYSTEM=usb\nE: BUSNUM={:03}\nE: DEVNUM={:03}\nE: "
      "DEVNAME={}\n"
      "A: busnum={}\\n\nA: devnum={}\\n\nA: devpath={}\\n\nA: bConfigurationValue=1\\n\nA: speed={}\\n\n",
      sysfs_path(slot.path), bus, slot.address, bus, slot.address, node(slot), bus, slot.address, devpath,
      d.speed == Speed::low ? "1.5" : std::to_string(static_cast<unsigned>(d.speed)));
  text += fmt::format(
      "A: idVendor={:04x}\\n\nA: idProduct={:04x}\\n\nA: bcdDevice={:04x}\\n\nA: bDeviceClass={:02x}\\n\n"
      "A: bNumConfigurations=1\\n\nA: bNumInterfaces={:2}\\n\nA: maxchild={}\\n\n",
      d.vendor, d.product, d.release, d.device_class, slot.device->configuration_descriptor()[4],
      slot.hub != nullptr ? slot.hub->ports() : 0);
  text += "A: manufacturer=" + d.manufacturer + "\\n\nA: product=" + d.name + "\\n\n";
  if (!d.serial.empty()) text += "A: serial=" + d.serial + "\\n\n";
  return text + "H: descriptors=" + hex + "\n";
}

void Bus::enumerate(Slot& slot) {
  const auto bus = bus_number(slot.path);
  slot.address = ++last_address_[bus];
  slot.device->reset();
  slot.usbfs = std::make_shared<Usbfs>(*slot.device);
  testbed_.attach(node(slot), [this, usbfs = slot.usbfs](UMockdevIoctlClient* client) {
    const std::lock_guard lock(mutex_);
    return usbfs->answer(client);
  });
  testbed_.add(description(slot));
  testbed_.uevent("/sys" + sysfs_path(slot.path), "add");
  if (!slot.terminal_name.empty())
    slot.terminal = std::make_unique<Terminal>(testbed_, sysfs_path(slot.path) + "/" + slot.path + ":1.0",
                                               slot.device->description(), slot.terminal_name,
                                               *slot.device->serial_peer(), slot.terminal_log);
  log_.put(fmt::format("plug {} as {:03}/{:03}", slot.path, bus, slot.address));
}

void Bus::leave(Slot& slot) {
  slot.usbfs->disconnect();
  slot.terminal.reset();
  testbed_.uevent("/sys" + sysfs_path(slot.path), "remove");
  testbed_.remove("/sys" + sysfs_path(slot.path));
  log_.put(fmt::format("unplug {} as {:03}/{:03}", slot.path, bus_number(slot.path), slot.address));
  slot.address = 0;
}

}  // namespace hilltop::usb_lab
