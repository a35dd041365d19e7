// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/node.hpp"

/// Typed reading of YAML nodes: every function complains at the node's place and then gives nothing, so that a reader
/// goes on and finds the next mistake. `what` names the value as a person would: "boot auto_login username".
namespace hilltop::jobs::reading {

[[nodiscard]] std::optional<std::string> text(const Node& node, const std::string& what, Diagnostics& out,
                                              std::size_t min = 0,
                                              std::size_t max = std::numeric_limits<std::size_t>::max());
[[nodiscard]] std::optional<std::int64_t> integer(const Node& node, const std::string& what, Diagnostics& out,
                                                  std::int64_t min, std::int64_t max);
[[nodiscard]] std::optional<bool> boolean(const Node& node, const std::string& what, Diagnostics& out);
/// A list of texts, none of them empty.
[[nodiscard]] std::vector<std::string> texts(const Node& node, const std::string& what, Diagnostics& out);
/// One of `allowed`.
[[nodiscard]] std::optional<std::string> choice(const Node& node, const std::string& what, Diagnostics& out,
                                                const std::vector<std::string>& allowed);
/// A scalar as text: booleans as "true" and "false", numbers as they are written.
[[nodiscard]] std::optional<std::string> scalar(const Node& node, const std::string& what, Diagnostics& out);
/// Calls `on_entry` for each entry of a map whose keys are texts.
void each_entry(const Node& node, const std::string& what, Diagnostics& out,
                const std::function<void(const std::string& key, const Node& key_node, const Node& value)>& on_entry);

/// "expected text, not a number", with the hint that fits (YAML 1.1 makes `on` a boolean).
void wrong_type(const Node& node, const std::string& what, std::string_view expected, Diagnostics& out);

/// "'x', 'y' and 'z'".
[[nodiscard]] std::string listing(const std::vector<std::string>& words, std::string_view last_word = "and");

/// Hands the complaints on in the order of the text, so that a person reads them top to bottom.
void append_sorted(const Diagnostics& from, Diagnostics& to);

/// The keys of one map. What was not asked for by the time of finish() is a complaint with a suggestion.
class MapReader {
 public:
  MapReader(Node map, std::string what, Diagnostics& out);

  /// Whether it is a map; if not, that was complained about, and every key is absent.
  [[nodiscard]] bool is_map() const { return map_.is_map(); }
  [[nodiscard]] const Node& node() const { return map_; }
  [[nodiscard]] Diagnostics& out() { return out_; }
  /// "boot auto_login" + " " + key.
  [[nodiscard]] std::string name_of(std::string_view key) const;
  [[nodiscard]] Place key_place(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const { return map_.contains(key); }

  /// The value of `key`, absent where it is not written.
  [[nodiscard]] Node take(std::string_view key);
  /// The same, and a complaint where it is not written.
  [[nodiscard]] Node require(std::string_view key);

  [[nodiscard]] std::optional<std::string> text(std::string_view key, std::size_t min = 0);
  [[nodiscard]] std::string required_text(std::string_view key, std::size_t min = 1);
  [[nodiscard]] std::optional<bool> boolean(std::string_view key);
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key, std::int64_t min, std::int64_t max);
  /// Absent when the key is.
  [[nodiscard]] std::optional<std::vector<std::string>> texts(std::string_view key);

  /// Complains about each of `keys` that is written: it is part of LAVA, and not built.
  void not_supported(std::initializer_list<std::string_view> keys);
  /// take() of a key that no list of known keys names.
  [[nodiscard]] Node take_unlisted(std::string_view key);
  /// Complains about keys that nobody asked for. Returns how many there are.
  std::size_t finish();

 private:
  Node map_;
  std::string what_;
  Diagnostics& out_;
  std::set<std::string, std::less<>> known_, unlisted_;
};

}  // namespace hilltop::jobs::reading
