// SPDX-License-Identifier: Apache-2.0
#include "boards/discovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "boards/discovery_stanza.hpp"

namespace hilltop::boards {
namespace {

using drivers::HardwareDevice;
using drivers::HardwareNode;

// How much each sign says. A board's own number is its name; a bridge chip is on a hundred boards.
constexpr int weight_board_id = 100;
constexpr int weight_named_sign = 60;
constexpr int weight_sign = 30;
constexpr int weight_bridge = 5;

constexpr std::size_t daplink_id_digits = 4;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// The first four digits of a DAPLink's serial number are the board's. Source: DAPLink, docs/MSD_COMMANDS.md and
/// source/daplink/info.c (unique id: board id, family id, host interface's id).
bool is_daplink(const HardwareDevice& device) { return device.vendor == 0x0d28 && device.product == 0x0204; }

void guess(const BoardType& type, const HardwareDevice& device, std::vector<TypeGuess>& out) {
  const auto board_id = is_daplink(device) ? device.serial.substr(0, daplink_id_digits) : std::string();
  const auto same_id = [&](const std::string& id) { return lower(id) == lower(board_id); };
  if (!board_id.empty() && std::ranges::any_of(type.daplink_ids, same_id)) {
    out.push_back({type.name, "DAPLink's board id " + board_id, weight_board_id});
    return;
  }
  if (!board_id.empty() && !type.daplink_ids.empty()) return;  // a DAPLink of another board
  for (const auto& sign : type.usb) {
    if (sign.vendor != device.vendor || sign.product != device.product) continue;
    if (!sign.name.empty() && device.name.find(sign.name) == std::string::npos) continue;
    const bool bridge = sign.part == "console" && sign.name.empty();
    const int weight = !sign.name.empty() ? weight_named_sign : bridge ? weight_bridge : weight_sign;
    const auto named = sign.name.empty() ? "" : " '" + sign.name + "'";
    out.push_back({type.name, sign.part + " " + device.id() + named, weight});
    return;
  }
}

bool better(const TypeGuess& a, const TypeGuess& b) {
  return std::pair(-a.weight, std::string_view(a.type)) < std::pair(-b.weight, std::string_view(b.type));
}

/// Every text of an address, with its key.
void texts_of(const Node& address, const std::string& key, std::vector<std::pair<std::string, std::string>>& out) {
  for (const auto& entry : address.entries()) texts_of(entry.value, entry.key.text(), out);
  for (const auto& item : address.items()) texts_of(item, key, out);
  if (!address.is_map() && !address.is_sequence() && !address.text().empty()) out.emplace_back(key, address.text());
}

/// Names that a lab file may call a device by.
std::set<std::string> names_of(const HardwareNode& node) {
  std::set<std::string> out = {node.path, node.by_id, node.by_path};
  out.erase("");
  return out;
}

std::set<std::string> names_of(const HardwareDevice& device) {
  std::set<std::string> out = {device.path, device.serial};
  for (const auto& node : device.nodes) out.merge(names_of(node));
  out.erase("");
  return out;
}

std::vector<Claim> claims_of(const std::set<std::string>& names, const std::vector<BoardConfig>& boards) {
  std::vector<Claim> out;
  for (const auto& board : boards) {
    for (const auto& [role, address] : board.addresses.entries()) {
      std::vector<std::pair<std::string, std::string>> texts;
      texts_of(address, "", texts);
      const auto found = std::ranges::find_if(texts, [&](const auto& text) { return names.contains(text.second); });
      if (found != texts.end()) out.push_back({board.name, role.text(), found->first + " " + found->second});
    }
  }
  return out;
}

nlohmann::json to_json(const HardwareNode& node) {
  return {{"kind", node.kind},       {"path", node.path},           {"by_id", node.by_id},
          {"by_path", node.by_path}, {"interface", node.interface}, {"usable", node.usable}};
}

nlohmann::json to_json(const std::vector<Claim>& claims) {
  auto out = nlohmann::json::array();
  for (const auto& claim : claims) out.push_back({{"board", claim.board}, {"role", claim.role}, {"by", claim.by}});
  return out;
}

nlohmann::json to_json(const Finding& finding) {
  const auto& device = finding.device;
  auto guesses = nlohmann::json::array();
  for (const auto& one : finding.guesses)
    guesses.push_back({{"type", one.type}, {"because", one.because}, {"weight", one.weight}});
  auto nodes = nlohmann::json::array();
  for (const auto& node : device.nodes) nodes.push_back(to_json(node));
  return {{"path", device.path},
          {"id", device.id()},
          {"manufacturer", device.manufacturer},
          {"name", device.name},
          {"serial", device.serial},
          {"speed", device.speed},
          {"hub_ports", device.hub_ports},
          {"usable", device.usable},
          {"kind", finding.kind},
          {"nodes", std::move(nodes)},
          {"guesses", std::move(guesses)},
          {"claims", to_json(finding.claims)},
          {"stanza", finding.stanza}};
}

}  // namespace

Discovery discover(const drivers::HardwareList& hardware, const BoardTypes& types,
                   const std::vector<BoardConfig>& boards) {
  Discovery out;
  for (const auto& device : hardware.usb) {
    Finding finding{device, kind_of(device), {}, claims_of(names_of(device), boards), {}};
    for (const auto* type : types.all()) guess(*type, device, finding.guesses);
    std::ranges::sort(finding.guesses, better);
    out.devices.push_back(std::move(finding));
  }
  for (const auto& port : hardware.ports) out.ports.emplace_back(port, claims_of(names_of(port), boards));
  propose_stanzas(out, types, boards);
  return out;
}

nlohmann::json to_json(const Discovery& discovery) {
  auto devices = nlohmann::json::array();
  for (const auto& finding : discovery.devices) devices.push_back(to_json(finding));
  auto ports = nlohmann::json::array();
  for (const auto& [node, claims] : discovery.ports) {
    auto port = to_json(node);
    port["claims"] = to_json(claims);
    ports.push_back(std::move(port));
  }
  return {{"devices", std::move(devices)}, {"ports", std::move(ports)}};
}

}  // namespace hilltop::boards
