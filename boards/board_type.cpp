// SPDX-License-Identifier: Apache-2.0
#include "boards/board_type.hpp"

#include <algorithm>
#include <set>
#include <system_error>

#include "boards/board_type_file.hpp"

namespace hilltop::boards {
namespace {

using Texts = std::map<std::string, Node, std::less<>>;

/// All *.yaml of `dir` by name, in the order of names.
Texts read_folder(const std::filesystem::path& dir, Diagnostics& diagnostics) {
  Texts out;
  std::error_code failed;
  for (std::filesystem::directory_iterator it(dir, failed), end; !failed && it != end; it.increment(failed)) {
    if (it->path().extension() != ".yaml") continue;
    if (auto node = read_yaml_file(it->path().string(), diagnostics))
      out.emplace(it->path().stem().string(), std::move(node));
  }
  if (failed) diagnostics.error({}, dir.string() + ": " + failed.message());
  return out;
}

Node without(const Node& map, std::initializer_list<std::string_view> keys) {
  std::vector<Node::Entry> entries;
  for (const auto& entry : map.entries())
    if (std::ranges::find(keys, entry.key.text()) == keys.end()) entries.push_back(entry);
  return Node::map(std::move(entries), map.place());
}

std::vector<std::string> names_of(const Texts& texts) {
  std::vector<std::string> out;
  for (const auto& [name, text] : texts) out.push_back(name);
  return out;
}

/// The text of `name` laid upon the texts that it extends. `chain`: the types that led here.
Node with_bases(const Texts& texts, const std::string& name, std::vector<std::string> chain, Diagnostics& diagnostics) {
  const auto text = texts.find(name)->second;
  const auto base = text["extends"];
  if (!base) return text;
  chain.push_back(name);
  if (!base.is_string() || !texts.contains(base.text())) {
    auto help = suggest(base.text(), names_of(texts));
    diagnostics.error(base.place(), "extends: '" + base.text() + "' is no board type", help);
    return text;
  }
  if (std::ranges::find(chain, base.text()) != chain.end()) {
    std::string circle;
    for (const auto& link : chain) circle += link + " -> ";
    diagnostics.error(base.place(), "extends: the types extend each other in a circle: " + circle + base.text());
    return text;
  }
  const auto below = with_bases(texts, base.text(), std::move(chain), diagnostics);
  return merged(without(below, {"extends", "abstract", "aliases"}), text);
}

/// The complaints of `from`, each once: what a base got wrong is found again in all that extend it.
void hand_on(const Diagnostics& from, std::set<std::string>& seen, Diagnostics& to) {
  for (const auto& one : from.all()) {
    if (!seen.insert(one.to_string()).second) continue;
    if (one.severity == Diagnostic::Severity::error) {
      to.error(one.place, one.message, one.suggestion);
    } else {
      to.warning(one.place, one.message, one.suggestion);
    }
  }
}

bool is_name(std::string_view text) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  return !text.empty() && text.find_first_not_of(allowed) == text.npos && text.front() != '.' && text.front() != '-';
}

}  // namespace

bool BoardType::deploys(std::string_view method) const {
  return std::ranges::find(deploy_methods, method) != deploy_methods.end();
}
bool BoardType::boots(std::string_view method) const {
  return std::ranges::find(boot_methods, method) != boot_methods.end();
}

BoardTypes BoardTypes::load(const std::filesystem::path& types_dir, const std::filesystem::path& rules_dir,
                            Diagnostics& diagnostics) {
  BoardTypes out;
  const auto rule_texts = read_folder(rules_dir, diagnostics);
  for (const auto& [name, text] : rule_texts) {
    auto rules = RuleSet::read_pack(text, diagnostics);
    if (auto compiled = RuleSet::compile(rules); !compiled)
      diagnostics.error(text.place(), "rule pack '" + name + "': " + compiled.error().text);
    out.packs_.emplace(name, std::move(rules));
  }
  const auto packs = names_of(rule_texts);
  const auto texts = read_folder(types_dir, diagnostics);
  std::set<std::string> seen;
  for (const auto& [name, text] : texts) {
    Diagnostics found;
    if (!is_name(name)) found.error(text.place(), "a board type's name has letters, digits, '-', '_' and '.' only");
    const auto whole = with_bases(texts, name, {}, found);
    auto type = std::make_shared<const BoardType>(read_type(whole, name, packs, found));
    hand_on(found, seen, diagnostics);
    if (!whole["abstract"].as_bool().value_or(false)) out.types_.emplace(name, std::move(type));
  }
  for (const auto& [name, type] : out.types_) {
    for (const auto& alias : type->aliases) {
      const auto [it, is_new] = out.aliases_.emplace(alias, name);
      if (out.types_.contains(alias) || !is_new)
        diagnostics.error(type->place, "board type '" + name + "': the alias '" + alias +
                                           "' is the name of board type '" + (is_new ? alias : it->second) +
                                           "' already");
    }
  }
  return out;
}

const BoardType* BoardTypes::find(std::string_view name) const {
  const auto alias = aliases_.find(name);
  const auto it = types_.find(alias == aliases_.end() ? name : std::string_view(alias->second));
  return it == types_.end() ? nullptr : it->second.get();
}

std::vector<const BoardType*> BoardTypes::all() const {
  std::vector<const BoardType*> out;
  for (const auto& [name, type] : types_) out.push_back(type.get());
  return out;
}

std::vector<std::string> BoardTypes::names() const {
  std::vector<std::string> out;
  for (const auto& [name, type] : types_) out.push_back(name);
  for (const auto& [alias, name] : aliases_) out.push_back(alias);
  return out;
}

RuleSet BoardTypes::rules(const std::vector<std::string>& packs) const {
  std::vector<Rule> all;
  for (const auto& name : packs)
    if (const auto pack = packs_.find(name); pack != packs_.end())
      all.insert(all.end(), pack->second.begin(), pack->second.end());
  auto compiled = RuleSet::compile(std::move(all));
  return compiled ? *std::move(compiled) : RuleSet();  // load() has compiled each pack and complained
}

}  // namespace hilltop::boards
