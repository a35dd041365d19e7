// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/node.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

namespace hilltop {

std::string Place::to_string() const {
  if (line == 0 || !file) return {};
  return *file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string Diagnostic::to_string() const {
  auto out = place.to_string();
  if (!out.empty()) out += ": ";
  if (severity == Severity::warning) out += "warning: ";
  out += message;
  if (!suggestion.empty()) out += " (" + suggestion + ")";
  return out;
}

void Diagnostics::error(Place place, std::string message, std::string suggestion) {
  all_.push_back({Diagnostic::Severity::error, std::move(place), std::move(message), std::move(suggestion)});
}

void Diagnostics::warning(Place place, std::string message, std::string suggestion) {
  all_.push_back({Diagnostic::Severity::warning, std::move(place), std::move(message), std::move(suggestion)});
}

bool Diagnostics::has_errors() const {
  return std::ranges::any_of(all_, [](const Diagnostic& d) { return d.severity == Diagnostic::Severity::error; });
}

std::string Diagnostics::to_string() const {
  std::string out;
  for (const auto& diagnostic : all_) out += (out.empty() ? "" : "\n") + diagnostic.to_string();
  return out;
}

Error Diagnostics::to_error(Blame blame) const { return {Errc::bad_input, blame, to_string()}; }

struct Node::Data {
  Kind kind = Kind::null;
  Place place;
  std::string text;
  bool boolean = false;
  std::int64_t integer = 0;
  double real = 0;
  std::vector<Node> items;
  std::vector<Entry> entries;
};

Node Node::null(Place place) {
  Data data;
  data.place = std::move(place);
  Node out;
  out.data_ = std::make_shared<const Data>(std::move(data));
  return out;
}

Node Node::boolean(bool value, Place place) {
  Data data;
  data.kind = Kind::boolean;
  data.place = std::move(place);
  data.boolean = value;
  data.text = value ? "true" : "false";
  Node out;
  out.data_ = std::make_shared<const Data>(std::move(data));
  return out;
}

Node Node::integer(std::int64_t value, std::string text, Place place) {
  Data data;
  data.kind = Kind::integer;
  data.place = std::move(place);
  data.integer = value;
  data.text = std::move(text);
  Node out;
  out.data_ = std::make_shared<const Data>(std::move(data));
  return out;
}

Node Node::real(double value, std::string text, Place place) {
  Data data;
  data.kind = Kind::real;
  data.place = std::move(place);
  data.real = value;
  data.text = std::move(text);
  Node out;
  out.data_ = std::make_shared<const Data>(std::move(data));
  return out;
}

Node Node::string(std::string value, Place place) {
  Data data;
  data.kind = Kind::string;
  data.place = std::move(place);
  data.text = std::move(value);
  Node out;
  out.data_ = std::make_shared<const Data>(std::move(data));
  return out;
}

Node Node::sequence(std::vector<Node> items, Place place) {
  Data data;
  data.kind = Kind::sequence;
  data.place = std::move(place);
  data.items = std::move(items);
  Node out;
  out.data_ = std::make_shared<const Data>(std::move(data));
  return out;
}

Node Node::map(std::vector<Entry> entries, Place place) {
  Data data;
  data.kind = Kind::map;
  data.place = std::move(place);
  data.entries = std::move(entries);
  Node out;
  out.data_ = std::make_shared<const Data>(std::move(data));
  return out;
}

namespace {

// What an absent Node refers to. Constant-initialised or made on first use: no constructor runs before main().
const Place& no_place() {
  static const Place place;
  return place;
}
const std::string& no_text() {
  static const std::string text;
  return text;
}

}  // namespace

Node::Kind Node::kind() const { return data_ ? data_->kind : Kind::null; }
const Place& Node::place() const { return data_ ? data_->place : no_place(); }
const std::string& Node::text() const { return data_ ? data_->text : no_text(); }

std::optional<bool> Node::as_bool() const {
  if (kind() != Kind::boolean) return std::nullopt;
  return data_->boolean;
}

std::optional<std::int64_t> Node::as_integer() const {
  if (kind() != Kind::integer) return std::nullopt;
  return data_->integer;
}

std::optional<double> Node::as_number() const {
  if (kind() == Kind::integer) return static_cast<double>(data_->integer);
  if (kind() == Kind::real) return data_->real;
  return std::nullopt;
}

const std::vector<Node>& Node::items() const {
  static const std::vector<Node> none;
  return data_ ? data_->items : none;
}

const std::vector<Node::Entry>& Node::entries() const {
  static const std::vector<Entry> none;
  return data_ ? data_->entries : none;
}

Node Node::operator[](std::string_view key) const {
  const Entry* found = nullptr;
  for (const auto& entry : entries()) {
    if (entry.key.text() != key) continue;
    if (entry.key.is_string()) return entry.value;
    if (!found && !entry.key.is_null()) found = &entry;  // `on:` and `1:` are found by their text
  }
  return found ? found->value : Node();
}

bool Node::contains(std::string_view key) const { return static_cast<bool>((*this)[key]); }

std::string_view Node::kind_name() const {
  constexpr std::array<std::string_view, 7> names = {"nothing", "yes or no", "a number", "a number",
                                                     "text",    "a list",    "a map"};
  return names.at(static_cast<std::size_t>(kind()));
}

namespace {

std::string key_in_json(const Node& key) {
  if (key.is_null()) return "null";
  if (const auto number = key.as_number(); number && !std::isfinite(*number))
    return std::isnan(*number) ? "nan" : *number < 0 ? "-inf" : "inf";
  return key.is_string() ? key.text() : key.to_json().dump();
}

}  // namespace

nlohmann::json Node::to_json() const {
  switch (kind()) {
    case Kind::null:
      return nullptr;
    case Kind::boolean:
      return data_->boolean;
    case Kind::integer:
      return data_->integer;
    case Kind::real:
      return std::isfinite(data_->real) ? nlohmann::json(data_->real)
                                        : nlohmann::json(nullptr);  // JSON has no infinity
    case Kind::string:
      return data_->text;
    case Kind::sequence: {
      auto out = nlohmann::json::array();
      for (const auto& item : items()) out.push_back(item.to_json());
      return out;
    }
    case Kind::map: {
      auto out = nlohmann::json::object();
      for (const auto& [key, value] : entries()) out[key_in_json(key)] = value.to_json();
      return out;
    }
  }
  return nullptr;
}

Node merged(const Node& base, const Node& over) {
  if (!over) return base;
  if (!base.is_map() || !over.is_map()) return over;
  auto entries = base.entries();
  for (const auto& entry : over.entries()) {
    const auto same = std::ranges::find_if(
        entries, [&](const auto& e) { return e.key.kind() == entry.key.kind() && e.key.text() == entry.key.text(); });
    if (same == entries.end()) {
      entries.push_back(entry);
    } else {
      *same = {entry.key, merged(same->value, entry.value)};
    }
  }
  return Node::map(std::move(entries), over.place());
}

namespace {

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), row(b.size() + 1), next(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    next[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) next[j] = std::min(next[j], before[j - 2] + 1);
    }
    before = std::exchange(row, next);
  }
  return row[b.size()];
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

}  // namespace

std::string suggest(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t longest_word = 64;  // nobody mistypes a word like that, and the cost is quadratic
  if (word.size() > longest_word) return {};
  const auto wanted = lower(word);
  std::size_t best = std::max<std::size_t>(2, word.size() / 3) + 1;
  const std::string* nearest = nullptr;
  for (const auto& candidate : known) {
    if (candidate.size() > longest_word) continue;
    const auto distance = edit_distance(wanted, lower(candidate));
    if (distance < best && distance < std::min(wanted.size(), candidate.size())) {
      best = distance;
      nearest = &candidate;
    }
  }
  return nearest ? "did you mean '" + *nearest + "'?" : std::string();
}

}  // namespace hilltop
