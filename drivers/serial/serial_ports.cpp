// SPDX-License-Identifier: Apache-2.0
#include "drivers/serial/serial_ports.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <libserialport.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <map>
#include <memory>
#include <tuple>

#include "drivers/core/lane.hpp"
#include "drivers/usb/lane_call.hpp"
#include "drivers/usb/usb_bus.hpp"
#include "drivers/usb/usb_tty.hpp"

namespace hilltop::drivers {
namespace {

/// Node -> the link in `folder` that names it.
std::map<std::string, std::string> links_in(const std::string& folder) {
  std::map<std::string, std::string> out;
  const std::unique_ptr<DIR, decltype(&::closedir)> listing(::opendir(folder.c_str()), &::closedir);
  while (const auto* entry = listing ? ::readdir(listing.get()) : nullptr) {
    const auto path = folder + "/" + entry->d_name;
    std::array<char, PATH_MAX> target{};
    if (::readlink(path.c_str(), target.data(), target.size() - 1) < 0) continue;
    const std::string_view name(target.data());
    out.emplace("/dev/" + std::string(name.substr(name.rfind('/') + 1)), path);
  }
  return out;
}

struct Described {
  std::string node;
  std::string description;
};

Result<std::vector<Described>> listed_ports() {
  sp_port** list = nullptr;
  if (sp_list_ports(&list) != SP_OK)
    return Error(Errc::io, Blame::infrastructure, "the serial ports of this machine cannot be listed");
  const std::unique_ptr<sp_port*, decltype(&sp_free_port_list)> owned(list, &sp_free_port_list);
  std::vector<Described> out;
  for (auto** port = list; *port != nullptr; ++port) {
    const auto* description = sp_get_port_description(*port);
    out.push_back({sp_get_port_name(*port), description == nullptr ? "" : description});
  }
  return out;
}

void add_usb_port(std::map<std::string, SerialPort>& ports, const UsbTty& tty, const std::vector<UsbTty>& all,
                  const std::vector<UsbDeviceInfo>& devices) {
  auto& port = ports[tty.node()];
  port.node = tty.node();
  port.interface = tty.interface;
  port.shares_device = std::ranges::count(all, tty.usb_path, &UsbTty::usb_path) > 1;
  const auto device = std::ranges::find(devices, tty.usb_path, &UsbDeviceInfo::path);
  if (device != devices.end()) port.usb = *device;
}

Result<std::vector<SerialPort>> look(const std::vector<UsbDeviceInfo>& devices) {
  std::map<std::string, SerialPort> ports;
  HILLTOP_TRY(const auto listed, listed_ports());
  for (const auto& each : listed) {
    auto& port = ports[each.node];
    port.node = each.node;
    port.description = each.description;
  }
  const auto ttys = usb_ttys();
  for (const auto& tty : ttys) add_usb_port(ports, tty, ttys, devices);
  const auto by_id = links_in("/dev/serial/by-id");
  const auto by_path = links_in("/dev/serial/by-path");
  std::vector<SerialPort> out;
  for (auto& [node, port] : ports) {
    if (const auto link = by_id.find(node); link != by_id.end()) port.by_id = link->second;
    if (const auto link = by_path.find(node); link != by_path.end()) port.by_path = link->second;
    out.push_back(std::move(port));
  }
  std::ranges::sort(out, {}, [](const auto& port) {
    return std::tuple(!port.usb, port.usb ? port.usb->path : port.node, port.interface, port.node);
  });
  return out;
}

}  // namespace

std::string SerialPort::address(const std::vector<UsbDeviceInfo>& all) const {
  if (!usb) return fmt::format("{{driver: tty, path: {}}}", by_id.empty() ? node : by_id);
  const bool by_serial = !usb->serial.empty() && std::ranges::count(all, usb->serial, &UsbDeviceInfo::serial) == 1;
  const auto which = by_serial ? fmt::format("serial: '{}'", usb->serial) : fmt::format("path: '{}'", usb->path);
  return fmt::format("{{driver: tty, usb: {{{}{}}}}}", which,
                     shares_device ? fmt::format(", interface: {}", interface) : std::string());
}

Task<std::vector<SerialPort>> serial_ports(Env env, Deadline deadline) {
  HILLTOP_CO_TRY(const auto bus, UsbBus::of(env));
  HILLTOP_CO_TRY(auto devices, bus->devices());
  Lane lane;
  auto call = [devices = std::move(devices)] { return look(devices); };
  co_return co_await call_on_lane<std::vector<SerialPort>>(lane, std::move(call), deadline);
}

}  // namespace hilltop::drivers
