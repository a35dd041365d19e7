// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/address_keys.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace hilltop::drivers {
namespace {

std::string_view expected(KeyKind kind) {
  switch (kind) {
    case KeyKind::text:
      return "text";
    case KeyKind::number:
      return "a whole number";
    case KeyKind::flag:
      return "true or false";
    case KeyKind::size:
      return "a number of bytes such as 0x1000, 256K or 16M";
    case KeyKind::texts:
      return "a list of texts";
    case KeyKind::list:
      return "a list";
    case KeyKind::map:
      return "a map";
  }
  return "a value";
}

bool is_text(const Node& node) { return node.is_scalar() && !node.is_null(); }

bool fits(const Node& value, KeyKind kind) {
  switch (kind) {
    case KeyKind::text:
      return is_text(value);
    case KeyKind::number:
      return value.as_integer().has_value();
    case KeyKind::flag:
      return value.kind() == Node::Kind::boolean;
    case KeyKind::size:
      return size_from(value).has_value();
    case KeyKind::texts:
      return value.is_sequence() && std::ranges::all_of(value.items(), is_text);
    case KeyKind::list:
      return value.is_sequence();
    case KeyKind::map:
      return value.is_map();
  }
  return false;
}

void check_entry(const Node::Entry& entry, std::string_view where, std::initializer_list<AddressKey> keys,
                 Diagnostics& diagnostics) {
  const auto& name = entry.key.text();
  if (name == "driver") return;
  const auto* known = std::ranges::find(keys, name, &AddressKey::name);
  if (known == keys.end()) {
    std::vector<std::string> names;
    for (const auto& key : keys) names.emplace_back(key.name);
    diagnostics.error(entry.key.place(), std::string(where) + ": '" + name + "' is not a key", suggest(name, names));
  } else if (!fits(entry.value, known->kind)) {
    diagnostics.error(entry.value.place(), std::string(where) + ": '" + name + "' must be " +
                                               std::string(expected(known->kind)) + ", not " +
                                               std::string(entry.value.kind_name()));
  }
}

}  // namespace

void check_keys(const Node& address, std::string_view where, std::initializer_list<AddressKey> keys,
                Diagnostics& diagnostics) {
  if (!address.is_map()) {
    diagnostics.error(address ? address.place() : Place{}, std::string(where) + ": a map was expected");
    return;
  }
  for (const auto& entry : address.entries()) check_entry(entry, where, keys, diagnostics);
  for (const auto& key : keys) {
    if (key.required && !address.contains(key.name))
      diagnostics.error(address.place(), std::string(where) + ": '" + std::string(key.name) + "' is missing");
  }
}

std::optional<std::uint64_t> size_from(std::string_view text) {
  std::uint64_t unit = 1;
  if (!text.empty()) {
    switch (text.back()) {
      case 'k':
      case 'K':
        unit = 1ull << 10;
        break;
      case 'm':
      case 'M':
        unit = 1ull << 20;
        break;
      case 'g':
      case 'G':
        unit = 1ull << 30;
        break;
      default:
        break;
    }
  }
  if (unit != 1) text.remove_suffix(1);
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  if (value > std::numeric_limits<std::uint64_t>::max() / unit) return std::nullopt;
  return value * unit;
}

std::optional<std::uint64_t> size_from(const Node& node) {
  if (const auto number = node.as_integer()) {
    if (*number < 0) return std::nullopt;
    return static_cast<std::uint64_t>(*number);
  }
  return node.is_string() ? size_from(node.text()) : std::nullopt;
}

std::string text_or(const Node& address, std::string_view key, std::string_view fallback) {
  const auto value = address[key];
  return value && is_text(value) ? value.text() : std::string(fallback);
}

std::vector<std::string> texts_of(const Node& list) {
  std::vector<std::string> out;
  if (!list) return out;
  for (const auto& item : list.items()) out.push_back(item.text());
  return out;
}

}  // namespace hilltop::drivers
