// SPDX-License-Identifier: Apache-2.0
#include "boards/inventory_network.hpp"

#include <net/if.h>

#include <map>

#include "drivers/protocol/net_address.hpp"

namespace hilltop::boards {
namespace {

constexpr int last_port = 65535;

/// An IPv4 address that one machine can have.
std::string read_address(Fields& fields, const char* key) {
  const auto text = fields.text(key);
  if (!text) return {};
  const auto address = drivers::Ipv4Address::from(*text);
  if (address && !address->is_any()) return address->to_string();
  fields.error(fields.node()[key], "'" + *text + "' is no IPv4 address of a machine", "such as 192.168.7.1");
  return {};
}

std::optional<std::uint16_t> read_port(Fields& fields, const char* key) {
  const auto port = fields.integer(key, 1, last_port);
  if (!port) return {};
  return static_cast<std::uint16_t>(*port);
}

bool same_network(const std::string& one, const std::string& other, int prefix_bits) {
  const auto a = drivers::Ipv4Address::from(one), b = drivers::Ipv4Address::from(other);
  return !a || !b || ((a->value ^ b->value) >> (32 - prefix_bits)) == 0;
}

/// What `network:` of a board is for, and the boot server does not do.
void check_served(const BoardConfig& board, const BootServerSettings& server, Diagnostics& diagnostics) {
  const auto warn = [&](const std::string& message, std::string suggestion) {
    diagnostics.warning(board.place, "board '" + board.name + "': network " + message, std::move(suggestion));
  };
  if (board.network.address.empty()) return;
  if (server == BootServerSettings())
    return warn("has no effect: the lab has no boot_server",
                "add `boot_server: {address: ADDRESS OF THIS MACHINE THERE, tftp_port: 69}`, or leave `network` out");
  if (!server.tftp_port && !server.http_port && board.network.mac.empty())
    warn("has no effect: boot_server serves no files", "say tftp_port: 69 or http_port: 80");
  if (board.network.mac.empty()) return;
  if (server.dhcp_interface.empty())
    warn("mac has no effect", "boot_server needs dhcp_interface");
  else if (!same_network(board.network.address, server.address, server.prefix_bits))
    warn("address " + board.network.address + " is outside of the network that boot_server tells boards of, " +
             server.address + "/" + std::to_string(server.prefix_bits),
         "change the address, or prefix_bits");
}

std::string why_not(const BoardConfig& board, const std::string& protocol, bool served) {
  if (const auto emulator = board.addresses["emulator"]) {
    if (emulator["network"]["card"]) return {};
    return "board " + board.name + " has no network card: its emulator needs `network: {card: ...}`";
  }
  if (board.network.address.empty())
    return "board " + board.name +
           " has no address on the lab's network: its entry in the lab file needs `network: {address: ...}`";
  if (!served)
    return "the lab has no boot server for " + protocol + ": the lab file needs `boot_server: {address: ..., " +
           protocol + "_port: ...}`";
  return {};
}

}  // namespace

BootServerSettings read_boot_server(const Node& map, Diagnostics& diagnostics) {
  BootServerSettings out;
  if (!map) return out;
  Fields fields(map, "boot_server", diagnostics);
  fields.require("address", "this machine's IPv4 address on the boards' network");
  out.address = read_address(fields, "address");
  out.tftp_port = read_port(fields, "tftp_port");
  out.http_port = read_port(fields, "http_port");
  out.dhcp_interface = fields.text("dhcp_interface").value_or("");
  if (!out.dhcp_interface.empty() && ::if_nametoindex(out.dhcp_interface.c_str()) == 0)
    diagnostics.warning(map["dhcp_interface"].place(),
                        "boot_server: dhcp_interface '" + out.dhcp_interface + "' is not on this host",
                        "`ip link` lists its interfaces; on the lab's own host, DHCP is off without it");
  out.prefix_bits = static_cast<int>(fields.integer("prefix_bits", 1, 31).value_or(out.prefix_bits));
  out.router = read_address(fields, "router");
  fields.refuse_others();
  if (!out.tftp_port && !out.http_port && out.dhcp_interface.empty())
    fields.error(map, "nothing is served", "say tftp_port: 69, http_port: 80 or dhcp_interface: NAME");
  return out;
}

BoardNetwork read_board_network(const Node& map, const std::string& what, Diagnostics& diagnostics) {
  BoardNetwork out;
  if (!map) return out;
  Fields fields(map, what + ": network", diagnostics);
  fields.require("address", "the board's IPv4 address");
  out.address = read_address(fields, "address");
  if (const auto text = fields.text("mac")) {
    const auto mac = drivers::MacAddress::from(*text);
    if (mac && !mac->is_group())
      out.mac = mac->to_string();
    else
      fields.error(map["mac"], "'" + *text + "' is no board's Ethernet address", "such as 52:54:00:aa:00:01");
  }
  fields.refuse_others();
  return out;
}

void check_networks(const Inventory& lab, Diagnostics& diagnostics) {
  std::map<std::string, std::string> taken;
  for (const auto& board : lab.boards) {
    for (const auto& address : {board.network.address, board.network.mac}) {
      if (address.empty()) continue;
      const auto [at, is_new] = taken.emplace(address, board.name);
      if (!is_new)
        diagnostics.error(board.place, "board '" + board.name + "': network " + address + " is also that of board '" +
                                           at->second + "'");
    }
    check_served(board, lab.boot_server, diagnostics);
  }
}

std::string why_not_tftp(const BoardConfig& board, const BootServerSettings& server) {
  return why_not(board, "tftp", server.tftp_port.has_value());
}

std::string why_not_http(const BoardConfig& board, const BootServerSettings& server) {
  return why_not(board, "http", server.http_port.has_value());
}

void write_boot_server(const BootServerSettings& server, std::string& out) {
  if (server == BootServerSettings()) return;
  out += "boot_server:\n  address: " + server.address + "\n";
  if (server.tftp_port) out += "  tftp_port: " + std::to_string(*server.tftp_port) + "\n";
  if (server.http_port) out += "  http_port: " + std::to_string(*server.http_port) + "\n";
  if (!server.dhcp_interface.empty()) out += "  dhcp_interface: \"" + server.dhcp_interface + "\"\n";
  if (server.prefix_bits != BootServerSettings().prefix_bits)
    out += "  prefix_bits: " + std::to_string(server.prefix_bits) + "\n";
  if (!server.router.empty()) out += "  router: " + server.router + "\n";
}

void write_board_network(const BoardNetwork& network, std::string& out) {
  if (network.address.empty()) return;
  out += "    network:\n      address: " + network.address + "\n";
  if (!network.mac.empty()) out += "      mac: \"" + network.mac + "\"\n";
}

}  // namespace hilltop::boards
