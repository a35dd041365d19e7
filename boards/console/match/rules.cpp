// SPDX-License-Identifier: Apache-2.0
#include "boards/console/match/rules.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace hilltop::boards {
namespace {

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
  std::shared_ptr<const Matcher> matcher;  // the pattern of rule i is its pattern i
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
  std::vector<PatternSpec> patterns;
  for (const auto& rule : rules) {
    if (const auto one = PatternSet::compile({rule.pattern}).within("rule " + rule.id); !one) return one.error();
    patterns.push_back({.pattern = rule.pattern, .after_stamps = true});
  }
  HILLTOP_TRY(compiled->matcher, Matcher::compile(std::move(patterns)));
  compiled->rules = std::move(rules);
  RuleSet out;
  out.compiled_ = std::move(compiled);
  return out;
}

const std::vector<Rule>& RuleSet::rules() const { return compiled_->rules; }

std::shared_ptr<const Matcher> RuleSet::matcher() const { return compiled_->matcher; }

std::vector<const Rule*> RuleSet::find(std::string_view line) const { return RuleScanner(*this).find(line); }

RuleScanner::RuleScanner(RuleSet rules) : rules_(std::move(rules)) {}

std::vector<const Rule*> RuleScanner::find(std::string_view line) {
  std::vector<const Rule*> out;
  const auto matcher = rules_.matcher();
  if (!matcher) return out;
  block_.clear();
  cleaner_.feed(line, block_);
  cleaner_.end(block_, 0);
  found_.clear();
  scanner_.scan(*matcher, block_, workspace_, found_);
  for (const auto& match : found_) {
    const auto* rule = &rules_.rules()[match.pattern];
    if (!match.gave_up && (out.empty() || out.back() != rule)) out.push_back(rule);
  }
  return out;
}

}  // namespace hilltop::boards
