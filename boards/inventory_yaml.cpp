// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "boards/inventory_consoles.hpp"
#include "boards/inventory_network.hpp"
#include "boards/inventory_ports.hpp"
#include "drivers/core/yaml_scalar.hpp"

namespace hilltop::boards {
namespace {

/// `text` as YAML: plain where that reads back as the same text, else in double quotes (as JSON has them).
std::string quoted(const std::string& text) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
  const bool is_plain = !text.empty() && text.find_first_not_of(plain) == text.npos && text.front() != '-' &&
                        yaml::resolve_plain(text, {}).is_string();
  return is_plain ? text : nlohmann::json(text).dump();
}

std::string scalar(const Node& node) {
  if (node.is_null()) return "~";
  return node.is_string() ? quoted(node.text()) : node.text();
}

void write(const Node& node, std::size_t indent, std::string& out);

void write_map(const Node& map, std::size_t indent, std::string& out) {
  for (const auto& [key, value] : map.entries()) {
    out += std::string(indent, ' ') + scalar(key) + ":";
    write(value, indent, out);
  }
}

/// ` value` on the line of its key or dash, or the lines below it.
void write(const Node& node, std::size_t indent, std::string& out) {
  if (node.is_scalar()) {
    out += " " + scalar(node) + "\n";
  } else if (node.is_map() && node.entries().empty()) {
    out += " {}\n";
  } else if (node.is_sequence() && node.items().empty()) {
    out += " []\n";
  } else if (node.is_map()) {
    out += "\n";
    write_map(node, indent + 2, out);
  } else {
    out += "\n";
    for (const auto& item : node.items()) {
      out += std::string(indent + 2, ' ') + "-";
      write(item, indent + 2, out);
    }
  }
}

void write_texts(const std::string& key, const std::vector<std::string>& texts, std::size_t indent, std::string& out) {
  if (texts.empty()) return;
  out += std::string(indent, ' ') + key + ": [";
  for (std::size_t i = 0; i < texts.size(); ++i) out += (i ? ", " : "") + quoted(texts[i]);
  out += "]\n";
}

}  // namespace

std::string to_yaml(const Inventory& inventory) {
  std::string out = "lab: " + quoted(inventory.name) + "\n";
  out += inventory.boards.empty() ? "boards: {}\n" : "boards:\n";
  for (const auto& board : inventory.boards) {
    out += "  " + quoted(board.name) + ":\n    type: " + quoted(board.type) + "\n";
    if (!board.description.empty()) out += "    description: " + quoted(board.description) + "\n";
    write_texts("tags", board.tags, 4, out);
    write_map(board.addresses, 4, out);
    if (board.decoders) {
      out += "    decoders:";
      write(board.decoders, 4, out);
    }
    write_board_network(board.network, out);
  }
  write_boot_server(inventory.boot_server, out);
  write_console_settings(inventory.consoles, out);
  write_console_ports(inventory.console_ports, out);
  std::vector<std::string> roots;
  for (const auto& root : inventory.file_roots) roots.push_back(root.string());
  if (roots.empty() && inventory.url_allow_list.empty()) return out;
  out += "artifacts:\n";
  write_texts("file_roots", roots, 2, out);
  write_texts("allow_hosts", inventory.url_allow_list, 2, out);
  return out;
}

}  // namespace hilltop::boards
