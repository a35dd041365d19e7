// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/hardware_list.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <optional>

namespace hilltop::drivers {
namespace {

namespace fs = std::filesystem;

/// The first line of an attribute, "" where there is none.
std::string attribute(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.pop_back();
  return line;
}

template <class T>
T number(const fs::path& file, int base) {
  const auto text = attribute(file);
  const auto begin = text.find_first_not_of(' ');
  T out = 0;
  if (begin != text.npos) std::from_chars(text.data() + begin, text.data() + text.size(), out, base);
  return out;
}

std::vector<fs::path> entries_of(const fs::path& dir) {
  std::vector<fs::path> out;
  std::error_code failed;
  for (fs::directory_iterator it(dir, failed), end; !failed && it != end; it.increment(failed))
    out.push_back(it->path());
  std::ranges::sort(out);
  return out;
}

bool may_use(const fs::path& node) { return ::access(node.c_str(), R_OK | W_OK) == 0; }

/// "1-1.4": BUS-PORT[.PORT...].
bool is_device_name(std::string_view name) {
  const auto dash = name.find('-');
  return dash != name.npos && dash > 0 && dash + 1 < name.size() && name.find_first_not_of("0123456789") == dash &&
         name.find_first_not_of("0123456789.", dash + 1) == name.npos;
}

/// "1-1.4:1.0": the interface 0 of its configuration 1.
std::optional<std::pair<std::string, int>> interface_name(std::string_view name) {
  const auto colon = name.find(':');
  const auto dot = colon == name.npos ? name.npos : name.find('.', colon);
  if (dot == name.npos || !is_device_name(name.substr(0, colon))) return std::nullopt;
  int interface = 0;
  std::from_chars(name.data() + dot + 1, name.data() + name.size(), interface);
  return std::pair(std::string(name.substr(0, colon)), interface);
}

/// Links of a folder of udev's by the node that they lead to.
std::map<std::string, std::string> links_in(const fs::path& dir) {
  std::map<std::string, std::string> out;
  for (const auto& link : entries_of(dir)) {
    std::error_code failed;
    const auto target = fs::read_symlink(link, failed);
    if (!failed) out.emplace(target.filename().string(), link.string());
  }
  return out;
}

std::string link_to(const std::map<std::string, std::string>& links, const std::string& node) {
  const auto found = links.find(node);
  return found == links.end() ? "" : found->second;
}

HardwareInterface read_interface(const fs::path& dir) {
  HardwareInterface out;
  out.number = number<std::uint8_t>(dir / "bInterfaceNumber", 16);
  out.device_class = number<std::uint8_t>(dir / "bInterfaceClass", 16);
  out.subclass = number<std::uint8_t>(dir / "bInterfaceSubClass", 16);
  out.protocol = number<std::uint8_t>(dir / "bInterfaceProtocol", 16);
  out.name = attribute(dir / "interface");
  return out;
}

HardwareDevice read_device(const fs::path& dir, const HardwarePlaces& places) {
  HardwareDevice out;
  out.path = dir.filename().string();
  out.vendor = number<std::uint16_t>(dir / "idVendor", 16);
  out.product = number<std::uint16_t>(dir / "idProduct", 16);
  out.device_class = number<std::uint8_t>(dir / "bDeviceClass", 16);
  out.manufacturer = attribute(dir / "manufacturer");
  out.name = attribute(dir / "product");
  out.serial = attribute(dir / "serial");
  if (const auto speed = attribute(dir / "speed"); !speed.empty()) out.speed = speed + " Mbit/s";
  out.hub_ports = number<unsigned>(dir / "maxchild", 10);
  out.usable = may_use(places.dev / fmt::format("bus/usb/{:03}/{:03}", number<unsigned>(dir / "busnum", 10),
                                                number<unsigned>(dir / "devnum", 10)));
  for (const auto& entry : entries_of(dir))
    if (interface_name(entry.filename().string())) out.interfaces.push_back(read_interface(entry));
  std::ranges::sort(out.interfaces, {}, &HardwareInterface::number);
  return out;
}

/// The node of one entry of /sys/class, and the USB device that it belongs to ("": none).
struct Found {
  HardwareNode node;
  std::string device;
};

std::optional<Found> read_node(const fs::path& entry, const std::string& kind, const HardwarePlaces& places) {
  std::error_code failed;
  const auto real = fs::canonical(entry, failed);
  if (failed || !fs::exists(entry / "device", failed)) return std::nullopt;  // a terminal of the kernel's own
  Found out;
  const auto name = entry.filename().string();
  out.node.kind = kind;
  out.node.path = (places.dev / name).string();
  out.node.usable = may_use(out.node.path);
  for (const auto& part : real)
    if (const auto interface = interface_name(part.string())) std::tie(out.device, out.node.interface) = *interface;
  return out;
}

bool by_path(const HardwareDevice& a, const HardwareDevice& b) {
  const auto numbers = [](std::string_view path) {
    std::vector<unsigned> out;
    for (std::size_t at = 0; at < path.size();) {
      unsigned n = 0;
      const auto [end, failed] = std::from_chars(path.data() + at, path.data() + path.size(), n);
      at = static_cast<std::size_t>(end - path.data()) + 1;
      out.push_back(n);
    }
    return out;
  };
  return numbers(a.path) < numbers(b.path);
}

/// A port that only the driver's table has, without hardware behind it: 8250 makes four, always.
bool is_absent_port(const fs::path& entry) {
  const auto type = attribute(entry / "type");
  return !type.empty() && type == "0";  // PORT_UNKNOWN
}

void add_nodes(HardwareList& out, const std::string& kind, const HardwarePlaces& places) {
  const bool serial = kind == "tty";
  const auto ids = serial ? links_in(places.dev / "serial/by-id") : links_in(places.dev / "disk/by-id");
  const auto paths = serial ? links_in(places.dev / "serial/by-path") : links_in(places.dev / "disk/by-path");
  for (const auto& entry : entries_of(places.sys / "class" / kind)) {
    auto found = read_node(entry, kind, places);
    if (!found) continue;
    if (kind != "hidraw") {
      found->node.by_id = link_to(ids, entry.filename().string());
      found->node.by_path = link_to(paths, entry.filename().string());
    }
    const auto device = std::ranges::find(out.usb, found->device, &HardwareDevice::path);
    if (device != out.usb.end())
      device->nodes.push_back(std::move(found->node));
    else if (serial && !is_absent_port(entry))
      out.ports.push_back(std::move(found->node));
  }
}

}  // namespace

HardwareList list_hardware(const HardwarePlaces& places) {
  HardwareList out;
  for (const auto& entry : entries_of(places.sys / "bus/usb/devices"))
    if (is_device_name(entry.filename().string())) out.usb.push_back(read_device(entry, places));
  std::ranges::sort(out.usb, by_path);
  for (const auto* kind : {"tty", "block", "hidraw"}) add_nodes(out, kind, places);
  return out;
}

}  // namespace hilltop::drivers
