// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/node.hpp"

namespace hilltop {

/// Reads the keys of one map of a definition, and complains of what is not as expected: each with its place, what was
/// expected, and the nearest known word. `what` names the map in messages: "board 'microbit-01'".
/// Lifetime: `diagnostics` outlives this.
class Fields {
 public:
  Fields(Node map, std::string what, Diagnostics& diagnostics);

  /// The value of `key` as it is, absent where there is none.
  Node take(std::string_view key);
  std::optional<std::string> text(std::string_view key);
  std::optional<bool> flag(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t least = 0,
                                      std::int64_t most = std::numeric_limits<std::int64_t>::max());
  /// A list of texts; absent where the key is, or where it is something else.
  std::optional<std::vector<std::string>> texts(std::string_view key);
  /// The same, each one of `known`.
  std::optional<std::vector<std::string>> words(std::string_view key, const std::vector<std::string>& known);
  /// A text that is one of `known`.
  std::optional<std::string> word(std::string_view key, const std::vector<std::string>& known);
  /// A map; an absent Node where the key is absent or something else.
  Node map(std::string_view key);
  Node list(std::string_view key);

  /// Complains of the key `key` if it is missing. `expected`: what should be there, for the message.
  void require(std::string_view key, std::string_view expected);
  /// Complains of each key that was asked for by none of the above. Call it last.
  void refuse_others();

  void error(const Node& at, std::string message, std::string suggestion = {});
  [[nodiscard]] const Node& node() const { return map_; }

 private:
  bool expect(const Node& value, bool fits, std::string_view key, std::string_view expected);
  void check_word(const Node& value, std::string_view key, const std::vector<std::string>& known);

  Node map_;
  std::string what_;
  Diagnostics& diagnostics_;
  std::vector<std::string> known_;
};

/// "a, b or c", for messages.
[[nodiscard]] std::string one_of_text(const std::vector<std::string>& words);

}  // namespace hilltop
