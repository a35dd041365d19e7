// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "drivers/core/node.hpp"
#include "drivers/core/yaml_scalar.hpp"

namespace hilltop::yaml {

/// Says that `<<` or `=` stands where it has no meaning.
void complain_of_special(const Node& node, Diagnostics& diagnostics);

/// Collects a map's keys and values in turn, and makes the map: `<<` is merged in (explicit keys win), of two equal
/// keys the last one wins with a warning, keys that are lists or maps are refused.
class MapBuilder {
 public:
  /// The next key or value.
  void add(Node node, Special special, Diagnostics& diagnostics);
  [[nodiscard]] Node build(Place place, Diagnostics& diagnostics);

 private:
  enum class Next : std::uint8_t { key, value, merge_value };
  using Index = std::unordered_map<std::string, std::size_t>;

  void add_merge(const Node& value, Diagnostics& diagnostics);
  static void put(std::vector<Node::Entry>& entries, Index& index, Node::Entry entry);

  Next next_ = Next::key;
  Node key_;
  std::vector<Node::Entry> written_;
  std::vector<Node> merges_;  // maps; a later one wins
};

}  // namespace hilltop::yaml
