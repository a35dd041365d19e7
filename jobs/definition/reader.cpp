// SPDX-License-Identifier: Apache-2.0
#include "jobs/definition/reader.hpp"

#include <algorithm>
#include <tuple>

namespace hilltop::jobs::reading {
namespace {

bool is_empty(const Node& node) { return !node || node.is_null(); }

/// The nearest of `known`, or the only one that begins with `word`.
std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  if (auto near = suggest(word, known); !near.empty() || word.size() < 3) return near;
  const auto begins = [&](const std::string& one) { return one.starts_with(word); };
  const auto found = std::ranges::find_if(known, begins);
  return std::ranges::count_if(known, begins) == 1 ? "did you mean '" + *found + "'?" : "";
}

}  // namespace

void wrong_type(const Node& node, const std::string& what, std::string_view expected, Diagnostics& out) {
  if (is_empty(node)) {
    out.error(node.place(), what + " is empty", "expected " + std::string(expected));
    return;
  }
  std::string hint;
  if (expected == "text" && node.kind() == Node::Kind::boolean)
    hint = "YAML reads words such as on, off, yes and no as true or false: put it in quotes";
  else if (expected == "text" && node.is_scalar())
    hint = "put it in quotes, \"" + node.text() + "\"";
  else if (expected == "text" && node.is_map())
    hint = "a text with ': ' or '{' in it needs quotes";
  else if (expected == "a number" && node.is_string())
    hint = "write it without quotes";
  const std::string found = node.kind() == Node::Kind::real ? node.text() : std::string(node.kind_name());
  out.error(node.place(), what + ": expected " + std::string(expected) + ", not " + found, hint);
}

std::string listing(const std::vector<std::string>& words, std::string_view last_word) {
  std::string result;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) result += i + 1 == words.size() ? " " + std::string(last_word) + " " : ", ";
    result += "'" + words[i] + "'";
  }
  return result;
}

std::optional<std::string> text(const Node& node, const std::string& what, Diagnostics& out, std::size_t min,
                                std::size_t max) {
  if (!node.is_string()) {
    wrong_type(node, what, "text", out);
    return {};
  }
  if (node.text().size() < min) {
    out.error(node.place(), what + " is empty");
    return {};
  }
  if (node.text().size() > max) {
    out.error(node.place(), what + " is longer than " + std::to_string(max) + " bytes");
    return {};
  }
  return node.text();
}

std::optional<std::int64_t> integer(const Node& node, const std::string& what, Diagnostics& out, std::int64_t min,
                                    std::int64_t max) {
  const auto value = node ? node.as_integer() : std::nullopt;
  if (!value || node.kind() != Node::Kind::integer) {
    wrong_type(node, what, node && node.kind() == Node::Kind::real ? "a whole number" : "a number", out);
    return {};
  }
  if (*value < min || *value > max) {
    out.error(node.place(), what + ": " + std::to_string(*value) + " is out of range",
              max == std::numeric_limits<std::uint32_t>::max()
                  ? "at least " + std::to_string(min)
                  : "expected " + std::to_string(min) + " to " + std::to_string(max));
    return {};
  }
  return value;
}

std::optional<bool> boolean(const Node& node, const std::string& what, Diagnostics& out) {
  if (node.kind() == Node::Kind::boolean) return node.as_bool();
  wrong_type(node, what, "true or false", out);
  return {};
}

std::vector<std::string> texts(const Node& node, const std::string& what, Diagnostics& out) {
  std::vector<std::string> result;
  if (!node.is_sequence()) {
    wrong_type(node, what, "a list", out);
    return result;
  }
  for (const Node& item : node.items())
    if (auto one = text(item, what + ": item " + std::to_string(&item - node.items().data() + 1), out, 1))
      result.push_back(*std::move(one));
  return result;
}

std::optional<std::string> choice(const Node& node, const std::string& what, Diagnostics& out,
                                  const std::vector<std::string>& allowed) {
  const auto value = text(node, what, out);
  if (!value) return {};
  if (std::ranges::find(allowed, *value) != allowed.end()) return value;
  const auto near = nearest(*value, allowed);
  out.error(node.place(), what + ": '" + *value + "' is not known",
            near.empty() ? (allowed.size() > 1 ? "one of " : "expected ") + listing(allowed, "or") : near);
  return {};
}

std::optional<std::string> scalar(const Node& node, const std::string& what, Diagnostics& out) {
  if (!node || node.is_null() || !node.is_scalar()) {
    wrong_type(node, what, "text, a number, true or false", out);
    return {};
  }
  if (node.kind() == Node::Kind::boolean) return node.as_bool().value_or(false) ? "true" : "false";
  return node.text();
}

void each_entry(const Node& node, const std::string& what, Diagnostics& out,
                const std::function<void(const std::string&, const Node&, const Node&)>& on_entry) {
  if (!node.is_map()) {
    wrong_type(node, what, "a map", out);
    return;
  }
  for (const Node::Entry& entry : node.entries()) {
    if (entry.key.is_string())
      on_entry(entry.key.text(), entry.key, entry.value);
    else
      wrong_type(entry.key, what + ": a key", "text", out);
  }
}

void append_sorted(const Diagnostics& from, Diagnostics& to) {
  using Key = std::tuple<std::uint32_t, std::uint32_t, std::string_view>;
  std::set<Key> seen;  // an alias is read again at each of its uses
  std::vector<const Diagnostic*> all;
  for (const Diagnostic& one : from.all())
    if (seen.emplace(one.place.line, one.place.column, one.message).second) all.push_back(&one);
  std::ranges::sort(all, {}, [](const Diagnostic* one) { return std::tuple(one->place.line, one->place.column, one); });
  for (const Diagnostic* one : all) {
    if (one->severity == Diagnostic::Severity::error)
      to.error(one->place, one->message, one->suggestion);
    else
      to.warning(one->place, one->message, one->suggestion);
  }
}

MapReader::MapReader(Node map, std::string what, Diagnostics& out)
    : map_(std::move(map)), what_(std::move(what)), out_(out) {
  if (!map_.is_map()) wrong_type(map_, what_, "a map", out_);
}

std::string MapReader::name_of(std::string_view key) const {
  return what_.empty() ? std::string(key) : what_ + " " + std::string(key);
}

Place MapReader::key_place(std::string_view key) const {
  for (const Node::Entry& entry : map_.entries())
    if (entry.key.is_string() && entry.key.text() == key) return entry.key.place();
  return map_.place();
}

Node MapReader::take(std::string_view key) {
  known_.emplace(key);
  return map_.is_map() ? map_[key] : Node();
}

Node MapReader::require(std::string_view key) {
  Node value = take(key);
  if (!value && map_.is_map()) out_.error(map_.place(), name_of(key) + " is missing");
  return value;
}

std::optional<std::string> MapReader::text(std::string_view key, std::size_t min) {
  const Node value = take(key);
  return value ? reading::text(value, name_of(key), out_, min) : std::nullopt;
}

std::string MapReader::required_text(std::string_view key, std::size_t min) {
  const Node value = require(key);
  return value ? reading::text(value, name_of(key), out_, min).value_or("") : "";
}

std::optional<bool> MapReader::boolean(std::string_view key) {
  const Node value = take(key);
  return value ? reading::boolean(value, name_of(key), out_) : std::nullopt;
}

std::optional<std::int64_t> MapReader::integer(std::string_view key, std::int64_t min, std::int64_t max) {
  const Node value = take(key);
  return value ? reading::integer(value, name_of(key), out_, min, max) : std::nullopt;
}

std::optional<std::vector<std::string>> MapReader::texts(std::string_view key) {
  const Node value = take(key);
  if (!value) return {};
  return reading::texts(value, name_of(key), out_);
}

void MapReader::not_supported(std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys)
    if (take_unlisted(key)) out_.error(key_place(key), name_of(key) + " is not supported yet");
}

Node MapReader::take_unlisted(std::string_view key) {
  unlisted_.emplace(key);
  return map_.is_map() ? map_[key] : Node();
}

std::size_t MapReader::finish() {
  const std::vector<std::string> known(known_.begin(), known_.end());
  std::size_t unknown = 0;
  for (const Node::Entry& entry : map_.entries()) {
    const std::string& key = entry.key.text();
    if (entry.key.is_string() && (known_.contains(key) || unlisted_.contains(key))) continue;
    const auto near = nearest(key, known);
    out_.error(entry.key.place(), (what_.empty() ? "" : what_ + ": ") + "unknown key '" + key + "'",
               near.empty() ? "known keys are " + listing(known) : near);
    ++unknown;
  }
  return unknown;
}

}  // namespace hilltop::jobs::reading
