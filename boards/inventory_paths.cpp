// SPDX-License-Identifier: Apache-2.0
#include "boards/inventory_paths.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

namespace hilltop::boards {
namespace {

// What drivers take as the name of a file, seen from the text that names it. Source: their check functions.
constexpr std::array<std::string_view, 7> file_keys{"template", "bios",     "kernel",  "boot_image",
                                                    "script",   "say_file", "database"};

bool names_a_file(const Node& key) { return std::ranges::find(file_keys, key.text()) != file_keys.end(); }

Node whole(const Node& name) {
  const std::filesystem::path path = name.text();
  if (path.empty() || path.is_absolute() || !name.place().file) return name;
  std::error_code failed;
  const auto text = std::filesystem::absolute(*name.place().file, failed);
  if (failed) return name;
  return Node::string((text.parent_path() / path).lexically_normal().string(), name.place());
}

}  // namespace

Node with_whole_paths(const Node& address) {
  if (address.is_sequence()) {
    std::vector<Node> items;
    for (const auto& item : address.items()) items.push_back(with_whole_paths(item));
    return Node::sequence(std::move(items), address.place());
  }
  if (!address.is_map()) return address;
  std::vector<Node::Entry> entries;
  for (const auto& [key, value] : address.entries()) {
    const bool is_file = value.is_string() && names_a_file(key);
    entries.push_back({key, is_file ? whole(value) : with_whole_paths(value)});
  }
  return Node::map(std::move(entries), address.place());
}

}  // namespace hilltop::boards
