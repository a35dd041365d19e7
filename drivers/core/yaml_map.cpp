// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/yaml_map.hpp"

#include <nlohmann/json.hpp>
#include <ranges>

namespace hilltop::yaml {
namespace {

/// Equal for keys that Python takes for equal: 1, 1.0, 0x1 and true.
std::string identity(const Node& key) {
  if (key.is_null()) return "null";
  if (key.is_string()) return "'" + key.text();
  if (const auto flag = key.as_bool()) return *flag ? "1" : "0";
  if (const auto number = key.as_integer()) return std::to_string(*number);
  const auto number = key.as_number().value_or(0);
  const auto whole = static_cast<std::int64_t>(number > -9e15 && number < 9e15 ? number : 0);
  return static_cast<double>(whole) == number ? std::to_string(whole)
                                              : "r" + nlohmann::json(number).dump() + key.text();
}

}  // namespace

void complain_of_special(const Node& node, Diagnostics& diagnostics) {
  diagnostics.error(node.place(), "'" + node.text() + "' has a meaning of its own in YAML, and none here",
                    "put it into quotes");
}

void MapBuilder::add(Node node, Special special, Diagnostics& diagnostics) {
  switch (next_) {
    case Next::key:
      next_ = special == Special::merge ? Next::merge_value : Next::value;
      if (!node.is_scalar())
        diagnostics.error(node.place(), "a key must be text or a number, not " + std::string(node.kind_name()),
                          "put quotes around what begins with '{', '[' or '- '");
      key_ = std::move(node);
      return;
    case Next::value:
      next_ = Next::key;
      if (special != Special::none) complain_of_special(node, diagnostics);
      if (key_.is_scalar()) written_.push_back({std::move(key_), std::move(node)});
      return;
    case Next::merge_value:
      next_ = Next::key;
      add_merge(node, diagnostics);
      return;
  }
}

void MapBuilder::add_merge(const Node& value, Diagnostics& diagnostics) {
  const auto refuse = [&](const Node& node) {
    diagnostics.error(node.place(), "'<<' takes a map or a list of maps, not " + std::string(node.kind_name()),
                      "name an anchor of a map, as in '<<: *defaults'");
  };
  if (value.is_map()) {
    merges_.push_back(value);
  } else if (value.is_sequence()) {
    for (const auto& item : std::views::reverse(value.items())) {  // the first one of a list wins
      if (item.is_map()) {
        merges_.push_back(item);
      } else {
        refuse(item);
      }
    }
  } else {
    refuse(value);
  }
}

void MapBuilder::put(std::vector<Node::Entry>& entries, Index& index, Node::Entry entry) {
  const auto [it, is_new] = index.try_emplace(identity(entry.key), entries.size());
  if (is_new) {
    entries.push_back(std::move(entry));
  } else {
    auto& kept = entries[it->second];
    if (kept.key.kind() == entry.key.kind())
      kept.key = std::move(entry.key);  // for its place; else the first key stays, as in Python
    kept.value = std::move(entry.value);
  }
}

Node MapBuilder::build(Place place, Diagnostics& diagnostics) {
  Index first;
  for (std::size_t i = 0; i < written_.size(); ++i) {
    const auto [it, is_new] = first.try_emplace(identity(written_[i].key), i);
    if (is_new) continue;
    const auto& key = written_[i].key;
    diagnostics.warning(key.place(), "'" + key.text() + "' is written twice in this map: the last one counts",
                        "the first one is at " + written_[it->second].key.place().to_string());
  }
  std::vector<Node::Entry> entries;
  Index index;
  for (const auto& map : merges_)
    for (const auto& entry : map.entries()) put(entries, index, entry);
  for (auto& entry : written_) put(entries, index, std::move(entry));
  return Node::map(std::move(entries), std::move(place));
}

}  // namespace hilltop::yaml
