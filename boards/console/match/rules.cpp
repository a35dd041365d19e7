// SPDX-License-Identifier: Apache-2.0
#include "boards/console/match/rules.hpp"

#include <algorithm>
#include <set>

namespace hilltop::boards {
namespace {

bool is_final_byte(char c) { return c >= 0x40 && c <= 0x7e; }

// "[   12.345678] ", "[    1.0][    T1] ", "[00:00:01.234,567] ": what printk, Zephyr's log and most others put first.
std::string_view without_time_stamps(std::string_view line) {
  for (;;) {
    const auto open = line.find_first_not_of(' ');
    if (open == std::string_view::npos || line[open] != '[') return line;
    const auto close = line.find(']', open);
    const auto inside = close == std::string_view::npos ? "" : line.substr(open + 1, close - open - 1);
    if (inside.find_first_of("0123456789") == std::string_view::npos) return line;
    if (inside.find_first_not_of("0123456789.:, TCZ-") != std::string_view::npos) return line;
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(' ', close + 1)));
  }
}

std::vector<std::string> texts(const Node& rule, std::string_view key, Diagnostics& diagnostics) {
  std::vector<std::string> out;
  const auto list = rule[key];
  if (list && !list.is_sequence())
    diagnostics.error(list.place(), std::string(key) + ": expected a list, not " + std::string(list.kind_name()));
  for (const auto& item : list.items()) out.push_back(item.text());
  return out;
}

std::string required(const Node& rule, std::string_view key, Diagnostics& diagnostics) {
  const auto value = rule[key];
  if (!value || !value.is_scalar() || value.text().empty())
    diagnostics.error(value ? value.place() : rule.place(), "a rule needs '" + std::string(key) + "'");
  return value.text();
}

Severity severity_of(const Node& rule, Diagnostics& diagnostics) {
  const auto value = rule["severity"];
  const auto& text = value.text();
  if (!value || text == "fault") return Severity::fault;
  if (text == "warning") return Severity::warning;
  if (text == "info") return Severity::info;
  diagnostics.error(value.place(), "severity: '" + text + "' is not fault, warning or info",
                    suggest(text, {"fault", "warning", "info"}));
  return Severity::fault;
}

Rule read_rule(const Node& node, const std::string& pack, Diagnostics& diagnostics) {
  static const std::vector<std::string> known = {"id",     "pattern", "severity",  "summary",
                                                 "source", "matches", "no_matches"};
  for (const auto& entry : node.entries())
    if (std::ranges::find(known, entry.key.text()) == known.end())
      diagnostics.error(entry.key.place(), "'" + entry.key.text() + "' is not a key of a rule",
                        suggest(entry.key.text(), known));
  Rule rule;
  rule.id = required(node, "id", diagnostics);
  rule.pack = pack;
  rule.pattern = required(node, "pattern", diagnostics);
  rule.severity = severity_of(node, diagnostics);
  rule.summary = required(node, "summary", diagnostics);
  rule.matches = texts(node, "matches", diagnostics);
  rule.no_matches = texts(node, "no_matches", diagnostics);
  if (auto compiled = PatternSet::compile({rule.pattern}); !rule.pattern.empty() && !compiled)
    diagnostics.error(node["pattern"].place(), compiled.error().text);
  if (rule.matches.empty()) diagnostics.error(node.place(), "a rule needs 'matches': at least one example line");
  return rule;
}

}  // namespace

struct RuleSet::Compiled {
  std::vector<Rule> rules;
  std::vector<PatternSet> patterns;  // one each: a line may break several rules
};

RuleSet::RuleSet() : compiled_(std::make_shared<Compiled>()) {}

std::vector<Rule> RuleSet::read_pack(const Node& text, Diagnostics& diagnostics) {
  std::vector<Rule> out;
  const auto pack = text["pack"];
  const auto rules = text["rules"];
  if (!text.is_map() || !pack || !rules.is_sequence()) {
    diagnostics.error(text.place(), "a rule pack is a map with 'pack', 'source' and 'rules' (a list)");
    return out;
  }
  if (text["source"].text().empty())
    diagnostics.error(text.place(), "a rule pack needs 'source': where its facts come from");
  std::set<std::string> seen;
  for (const auto& node : rules.items()) {
    out.push_back(read_rule(node, pack.text(), diagnostics));
    if (!seen.insert(out.back().id).second)
      diagnostics.error(node.place(), "the rule '" + out.back().id + "' is there twice");
  }
  return out;
}

Result<RuleSet> RuleSet::compile(std::vector<Rule> rules) {
  auto compiled = std::make_shared<Compiled>();
  for (auto& rule : rules) {
    HILLTOP_TRY(auto patterns, PatternSet::compile({rule.pattern}).within("rule " + rule.id));
    compiled->patterns.push_back(std::move(patterns));
    compiled->rules.push_back(std::move(rule));
  }
  RuleSet out;
  out.compiled_ = std::move(compiled);
  return out;
}

const std::vector<Rule>& RuleSet::rules() const { return compiled_->rules; }

std::vector<const Rule*> RuleSet::find(std::string_view line) const {
  std::vector<const Rule*> out;
  const auto clean = without_escapes(line);
  const auto plain = without_time_stamps(clean);
  for (std::size_t i = 0; i < compiled_->rules.size(); ++i) {
    const auto hit = compiled_->patterns[i].search(plain);
    if (hit && *hit) out.push_back(&compiled_->rules[i]);
  }
  return out;
}

std::string without_escapes(std::string_view line) {
  std::string out;
  out.reserve(line.size());
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\x1b') {
      out += line[i];
    } else if (i + 1 < line.size() && line[i + 1] == '[') {
      auto end = i + 2;
      while (end < line.size() && !is_final_byte(line[end])) ++end;
      i = end;
    } else if (i + 1 < line.size() && line[i + 1] >= 0x40 && line[i + 1] <= 0x5f) {
      ++i;
    }
  }
  return out;
}

}  // namespace hilltop::boards
