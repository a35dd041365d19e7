// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/result.hpp"

namespace hilltop {

/// A place in a text: file (shared), 1-based line and column. Line 0: no place.
struct Place {
  std::shared_ptr<const std::string> file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  /// "lab.yaml:12:5", or "" without a place.
  [[nodiscard]] std::string to_string() const;
};

/// One complaint about a definition, with the place and what to do.
struct Diagnostic {
  enum class Severity : std::uint8_t { warning, error };
  Severity severity = Severity::error;
  Place place;
  std::string message;     ///< "deploy to: 'tmpf' is not a deploy method"
  std::string suggestion;  ///< "did you mean 'tmpfs'?" or ""

  /// "FILE:LINE:COL: error: message (suggestion)"; errors carry no word "error:" in front, warnings say "warning:".
  [[nodiscard]] std::string to_string() const;
};

/// Collects complaints: readers report all of them, not the first.
class Diagnostics {
 public:
  void error(Place place, std::string message, std::string suggestion = {});
  void warning(Place place, std::string message, std::string suggestion = {});
  [[nodiscard]] const std::vector<Diagnostic>& all() const { return all_; }
  [[nodiscard]] bool has_errors() const;
  /// All complaints, a line each.
  [[nodiscard]] std::string to_string() const;
  /// An Error (bad_input, `blame`) with all of them as text.
  [[nodiscard]] Error to_error(Blame blame) const;

 private:
  std::vector<Diagnostic> all_;
};

/// A value of a YAML or JSON text with its place: what PyYAML's safe loader would have made of it.
/// Copies share their children and are cheap; a Node is never changed after it was read.
class Node {
 public:
  enum class Kind : std::uint8_t { null, boolean, integer, real, string, sequence, map };
  struct Entry;

  Node() = default;
  static Node null(Place place);
  static Node boolean(bool value, Place place);
  static Node integer(std::int64_t value, std::string text, Place place);
  static Node real(double value, std::string text, Place place);
  static Node string(std::string value, Place place);
  static Node sequence(std::vector<Node> items, Place place);
  static Node map(std::vector<Entry> entries, Place place);

  [[nodiscard]] Kind kind() const;
  [[nodiscard]] bool is_null() const { return kind() == Kind::null; }
  [[nodiscard]] bool is_map() const { return kind() == Kind::map; }
  [[nodiscard]] bool is_sequence() const { return kind() == Kind::sequence; }
  [[nodiscard]] bool is_string() const { return kind() == Kind::string; }
  [[nodiscard]] bool is_scalar() const { return !is_map() && !is_sequence(); }
  /// False for a Node that was default-constructed (absent), true for one that was read, null too.
  explicit operator bool() const { return data_ != nullptr; }

  [[nodiscard]] const Place& place() const;
  /// The scalar as it was written ("" for null, sequences and maps; decoded text for strings; "true" or "false").
  [[nodiscard]] const std::string& text() const;
  [[nodiscard]] std::optional<bool> as_bool() const;
  [[nodiscard]] std::optional<std::int64_t> as_integer() const;
  /// Integers too.
  [[nodiscard]] std::optional<double> as_number() const;

  [[nodiscard]] const std::vector<Node>& items() const;     ///< of a sequence; empty for others
  [[nodiscard]] const std::vector<Entry>& entries() const;  ///< of a map, in order of writing; empty for others
  /// The value of `key`, an absent Node where there is none. Keys that are numbers or booleans are found by their text.
  [[nodiscard]] Node operator[](std::string_view key) const;
  [[nodiscard]] bool contains(std::string_view key) const;

  /// "a map", "a list", "text", "a number", ...: for messages.
  [[nodiscard]] std::string_view kind_name() const;
  [[nodiscard]] nlohmann::json to_json() const;

 private:
  struct Data;
  std::shared_ptr<const Data> data_;
};

struct Node::Entry {
  Node key;  ///< a scalar
  Node value;
};

/// `over` laid upon `base`: maps merge key by key, everything else is replaced. Places stay those of the text it came
/// from.
[[nodiscard]] Node merged(const Node& base, const Node& over);

/// Reads YAML as PyYAML's safe loader does (YAML 1.1 scalars, `<<` merges, the last of two equal keys wins
/// with a warning), one document. Unknown tags and several documents are errors; aliases and depth are bounded
/// (100,000 nodes, depth 100), so that no text costs more than linear time and memory.
/// Shape: UTF-8. `file` is the name used in places.
/// Errors: in `diagnostics`; then the result is an absent Node.
[[nodiscard]] Node read_yaml(std::string_view text, std::string file, Diagnostics& diagnostics);

/// The same for a file. Errors: in `diagnostics`.
[[nodiscard]] Node read_yaml_file(const std::string& path, Diagnostics& diagnostics);

/// "did you mean 'x'?" for the nearest of `known` (edit distance at most 2, or a third of the length), else "".
[[nodiscard]] std::string suggest(std::string_view word, const std::vector<std::string>& known);

}  // namespace hilltop
