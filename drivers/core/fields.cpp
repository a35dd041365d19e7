// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/fields.hpp"

#include <algorithm>
#include <utility>

namespace hilltop {

std::string one_of_text(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

Fields::Fields(Node map, std::string what, Diagnostics& diagnostics)
    : map_(std::move(map)), what_(std::move(what)), diagnostics_(diagnostics) {
  if (map_.is_map()) return;
  error(map_, "a map of keys and values was expected, not " + std::string(map_.kind_name()));
}

void Fields::error(const Node& at, std::string message, std::string suggestion) {
  diagnostics_.error(at.place(), what_ + ": " + std::move(message), std::move(suggestion));
}

Node Fields::take(std::string_view key) {
  if (std::ranges::find(known_, key) == known_.end()) known_.emplace_back(key);
  return map_[key];
}

bool Fields::expect(const Node& value, bool fits, std::string_view key, std::string_view expected) {
  if (!value || fits) return static_cast<bool>(value);
  const bool only_quotes = expected == "text" && value.is_scalar() && !value.is_null();
  error(value,
        "'" + std::string(key) + "' must be " + std::string(expected) + ", not " + std::string(value.kind_name()),
        only_quotes ? "put it into quotes: '" + value.text() + "'" : std::string());
  return false;
}

std::optional<std::string> Fields::text(std::string_view key) {
  const auto value = take(key);
  if (!expect(value, value.is_string(), key, "text")) return std::nullopt;
  return value.text();
}

std::optional<bool> Fields::flag(std::string_view key) {
  const auto value = take(key);
  if (!expect(value, value.as_bool().has_value(), key, "yes or no")) return std::nullopt;
  return value.as_bool();
}

std::optional<std::int64_t> Fields::integer(std::string_view key, std::int64_t least, std::int64_t most) {
  const auto value = take(key);
  const auto number = value.as_integer();
  auto expected = "a whole number from " + std::to_string(least);
  if (most != std::numeric_limits<std::int64_t>::max()) expected += " to " + std::to_string(most);
  if (value && number && (*number < least || *number > most)) {
    error(value, "'" + std::string(key) + "' must be " + expected + ", not " + value.text());
    return std::nullopt;
  }
  if (!expect(value, number.has_value(), key, expected)) return std::nullopt;
  return number;
}

std::optional<std::vector<std::string>> Fields::texts(std::string_view key) {
  const auto value = list(key);
  if (!value) return std::nullopt;
  std::vector<std::string> out;
  for (const auto& item : value.items())
    if (expect(item, item.is_string(), key, "text")) out.push_back(item.text());
  return out;
}

void Fields::check_word(const Node& value, std::string_view key, const std::vector<std::string>& known) {
  if (std::ranges::find(known, value.text()) != known.end()) return;
  auto help = suggest(value.text(), known);
  if (help.empty() && !known.empty())
    help = one_of_text(known) + (known.size() == 1 ? " is the only one" : " was expected");
  error(value, "'" + std::string(key) + "': '" + value.text() + "' is not known", std::move(help));
}

std::optional<std::vector<std::string>> Fields::words(std::string_view key, const std::vector<std::string>& known) {
  auto out = texts(key);
  for (const auto& item : map_[key].items())
    if (item.is_string()) check_word(item, key, known);
  return out;
}

std::optional<std::string> Fields::word(std::string_view key, const std::vector<std::string>& known) {
  auto out = text(key);
  if (out) check_word(map_[key], key, known);
  return out;
}

Node Fields::map(std::string_view key) {
  const auto value = take(key);
  return expect(value, value.is_map(), key, "a map") ? value : Node();
}

Node Fields::list(std::string_view key) {
  const auto value = take(key);
  return expect(value, value.is_sequence(), key, "a list") ? value : Node();
}

void Fields::require(std::string_view key, std::string_view expected) {
  if (map_.is_map() && !take(key))
    error(map_, "'" + std::string(key) + "' is missing: " + std::string(expected) + " was expected");
}

void Fields::refuse_others() {
  for (const auto& [key, value] : map_.entries()) {
    if (key.is_string() && std::ranges::find(known_, key.text()) != known_.end()) continue;
    auto help = suggest(key.text(), known_);
    if (help.empty() && !known_.empty()) help = one_of_text(known_) + " was expected";
    error(key, "'" + key.text() + "' is not a key here", std::move(help));
  }
}

}  // namespace hilltop
