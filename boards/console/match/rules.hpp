// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "boards/console/match/clean.hpp"
#include "boards/console/match/matcher.hpp"
#include "boards/console/match/pattern_set.hpp"
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

/// The rules of one or more packs (boards/rules/*.yaml), compiled.
class RuleSet {
 public:
  /// Reads a pack. Complaints go to `diagnostics`.
  static std::vector<Rule> read_pack(const Node& text, Diagnostics& diagnostics);
  static Result<RuleSet> compile(std::vector<Rule> rules);
  RuleSet();
  [[nodiscard]] const std::vector<Rule>& rules() const;
  /// All rules in one set: rule i is its pattern i (after time stamps, see PatternSpec). Null when there are no rules
  /// because none were compiled.
  [[nodiscard]] std::shared_ptr<const Matcher> matcher() const;
  /// As RuleScanner does, for one line now and then.
  [[nodiscard]] std::vector<const Rule*> find(std::string_view line) const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

/// Looks for rules line by line. Thread: one at a time.
class RuleScanner {
 public:
  explicit RuleScanner(RuleSet rules);
  [[nodiscard]] const RuleSet& rules() const { return rules_; }
  /// The rules found in `line` (without its line end), each once, in their order, whatever its colours and whatever
  /// time stamps stand before it. A rule that exceeds its match limit on this line is not found in it.
  [[nodiscard]] std::vector<const Rule*> find(std::string_view line);

 private:
  RuleSet rules_;
  Cleaner cleaner_;
  Scanner scanner_;
  MatchWorkspace workspace_;
  CleanBlock block_;
  std::vector<LineMatch> found_;
};

}  // namespace hilltop::boards
