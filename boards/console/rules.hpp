// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "boards/console/expect.hpp"
#include "drivers/core/node.hpp"

namespace hilltop::boards {

enum class Severity : std::uint8_t { info, warning, fault };  ///< fault: the board's software has failed

/// A line pattern that is watched for on every console, with example lines that a test runs.
struct Rule {
  std::string id;       ///< "zephyr-fatal"
  std::string pack;     ///< "zephyr"
  std::string pattern;  ///< Python re, searched in each line
  Severity severity = Severity::fault;
  std::string summary;                  ///< "kernel fault"
  std::vector<std::string> matches;     ///< example lines that it finds
  std::vector<std::string> no_matches;  ///< lines that it must not find
};

/// `line` without terminal escape sequences (colours, cursor movements). Source: ECMA-48 5.3, 5.4.
[[nodiscard]] std::string without_escapes(std::string_view line);

/// The rules of one or more packs (boards/rules/*.yaml), compiled.
class RuleSet {
 public:
  /// Reads a pack. Complaints go to `diagnostics`.
  static std::vector<Rule> read_pack(const Node& text, Diagnostics& diagnostics);
  static Result<RuleSet> compile(std::vector<Rule> rules);
  RuleSet();
  [[nodiscard]] const std::vector<Rule>& rules() const;
  /// The rules found in `line` (without its line end), whatever its colours and whatever stands before it (time stamps,
  /// levels). A rule that exceeds its match limit on this line is not found in it.
  [[nodiscard]] std::vector<const Rule*> find(std::string_view line) const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

/// Cuts a byte stream into lines at \n, \r\n or \r; the same lines at any chunk size. A line longer than `limit` is
/// handed on in pieces of `limit`.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t limit = 64 * 1024) : limit_(limit) {}
  /// Calls `on_line(line, offset of its first byte)` for each line that ends in `bytes`.
  void feed(std::string_view bytes, const std::function<void(std::string_view, std::uint64_t)>& on_line);
  /// The line that has not ended yet.
  [[nodiscard]] std::string_view rest() const { return rest_; }
  /// Where the next byte stands; set it before the first feed() and after a gap.
  void restart_at(std::uint64_t offset);

 private:
  std::size_t limit_;
  std::string rest_;
  std::uint64_t rest_offset_ = 0;
  std::uint64_t next_offset_ = 0;
  bool after_cr_ = false;
};

}  // namespace hilltop::boards
