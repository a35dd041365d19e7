// SPDX-License-Identifier: Apache-2.0
#include "boards/discovery_stanza.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace hilltop::boards {
namespace {

using drivers::HardwareDevice;
using drivers::HardwareNode;

/// "{type}-01", or the next number that no board has.
std::string free_name(const std::string& stem, std::set<std::string>& taken) {
  for (unsigned n = 1;; ++n) {
    auto name = fmt::format("{}-{:02}", stem, n);
    if (taken.insert(name).second) return name;
  }
}

/// In quotes always: a serial number of digits alone would be read as a number, and 0240 as another one.
std::string in_quotes(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out + "'";
}

/// The port by a name that stays: udev's by-id holds a serial number only if the device has one.
std::string stable_name(const HardwareDevice& device, const HardwareNode& node) {
  if (!device.serial.empty() && !node.by_id.empty()) return node.by_id;
  return node.by_path.empty() ? node.by_id : node.by_path;
}

const HardwareNode* console_of(const HardwareDevice& device) {
  const auto found = std::ranges::find(device.nodes, "tty", &HardwareNode::kind);
  return found == device.nodes.end() ? nullptr : &*found;
}

/// Cheap converters all say the same number: then udev's by-id names the one that came last.
bool has_a_twin(const HardwareDevice& device, const Discovery& discovery) {
  return !device.serial.empty() && std::ranges::count_if(discovery.devices, [&](const auto& one) {
                                     return one.device.serial == device.serial && one.device.vendor == device.vendor &&
                                            one.device.product == device.product;
                                   }) > 1;
}

void add_console(std::string& out, const HardwareDevice& device, const Discovery& discovery) {
  const auto* node = console_of(device);
  if (node == nullptr) {
    out += "    # console: its serial port is another device: find it in this list\n";
    return;
  }
  const auto name = stable_name(device, *node);
  if (has_a_twin(device, discovery))
    out += fmt::format("    console: {{driver: tty, usb: {{path: {}}}}}  # others here have its serial number, too\n",
                       device.path);
  else if (name.empty())
    out +=
        fmt::format("    console: {{driver: tty, path: {}, allow_unstable: true}}  # udev has no lasting name for it\n",
                    node->path);
  else
    out += fmt::format("    console: {{driver: tty, path: {}}}\n", name);
  const auto ttys = std::ranges::count(device.nodes, "tty", &HardwareNode::kind);
  if (ttys > 1) out += fmt::format("    # it has {} serial ports: this is the first one\n", ttys);
}

/// Tools that find their board by its serial port, and those that take a USB device. Source: drivers/flash/tools.
constexpr std::array<std::string_view, 3> tools_by_port{"esptool", "bossac", "stm32flash"};
constexpr std::array<std::string_view, 3> tools_by_usb{"picotool", "sunxi-fel", "rkdeveloptool"};

/// Which board is meant. A boot ROM's serial number is that of all of its kind: then the place counts.
std::string identity(const Finding& finding, std::string_view tool) {
  const auto& device = finding.device;
  const bool is_loader = finding.kind.starts_with("boot loader");
  const auto usual =
      device.serial.empty() || is_loader ? "path: " + device.path : "serial: " + in_quotes(device.serial);
  if (std::ranges::find(tools_by_usb, tool) != tools_by_usb.end()) return "usb: {" + usual + "}";
  if (std::ranges::find(tools_by_port, tool) == tools_by_port.end()) return usual;
  const auto* node = console_of(device);
  return "port: " + (node == nullptr ? "/dev/serial/by-id/..." : stable_name(device, *node));
}

/// The first way to flash of a type that has a source. The probe's serial number says which board.
void add_flash(std::string& out, const Finding& finding, const BoardType* type) {
  if (type == nullptr) return;
  const auto& ways = type->flash.ways;
  const auto way = std::ranges::find_if(ways, [](const auto& one) { return !one.source.empty(); });
  if (way == ways.end()) return;
  const auto tool = way->tool.empty() ? "" : ", tool: " + way->tool;
  out += fmt::format("    flash: {{driver: {}{}, {}}}\n", way->driver, tool, identity(finding, way->tool));
}

/// "1-1.4" is port 4 of the hub 1-1; "1-4" is a port of the machine itself.
void add_power(std::string& out, const HardwareDevice& device, const Discovery& discovery) {
  const auto dot = device.path.rfind('.');
  const auto cut = dot == device.path.npos ? device.path.rfind('-') : dot;
  const auto hub = device.path.substr(0, cut);
  const auto port = device.path.substr(cut + 1);
  const auto found = std::ranges::find(discovery.devices, hub, [](const auto& one) { return one.device.path; });
  if (dot == device.path.npos || found == discovery.devices.end()) {
    out += "    # power: an outlet, relay or hub port that switches it\n";
    return;
  }
  out += fmt::format(
      "    # power: {{driver: usb-hub-port, path: {}, port: {}}}  # if this hub switches its ports' power\n", hub,
      port);
}

bool is_part_of_a_board(const Finding& finding) {
  if (!finding.guesses.empty()) return true;
  return finding.kind.starts_with("debug probe") || finding.kind == "serial port" || finding.kind == "DFU device";
}

/// The type that the signs agree on: a bridge chip alone names none.
const TypeGuess* best_guess(const Finding& finding) {
  constexpr int enough = 30;
  if (finding.guesses.empty() || finding.guesses.front().weight < enough) return nullptr;
  const bool alone = finding.guesses.size() == 1 || finding.guesses[1].weight < finding.guesses[0].weight;
  return alone ? &finding.guesses.front() : nullptr;
}

std::string type_line(const Finding& finding, const TypeGuess* best) {
  if (best != nullptr) return fmt::format("    type: {}  # {}\n", best->type, best->because);
  std::string could;
  constexpr std::size_t most = 6;
  for (std::size_t i = 0; i < finding.guesses.size() && i < most; ++i)
    could += (i == 0 ? "" : ", ") + finding.guesses[i].type;
  if (finding.guesses.size() > most) could += ", ...";
  return "    type: BOARD-TYPE  # " + (could.empty() ? "`hilltop board-types` lists them" : "one of " + could) + "\n";
}

}  // namespace

void propose_stanzas(Discovery& discovery, const BoardTypes& types, const std::vector<BoardConfig>& boards) {
  std::set<std::string> taken;
  for (const auto& board : boards) taken.insert(board.name);
  for (auto& finding : discovery.devices) {
    if (!finding.claims.empty() || !is_part_of_a_board(finding)) continue;
    const auto* best = best_guess(finding);
    auto out = "  " + free_name(best == nullptr ? "board" : best->type, taken) + ":\n";
    out += type_line(finding, best);
    add_console(out, finding.device, discovery);
    add_flash(out, finding, best == nullptr ? nullptr : types.find(best->type));
    add_power(out, finding.device, discovery);
    finding.stanza = std::move(out);
  }
}

}  // namespace hilltop::boards
