// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/byte_size.hpp"

#include <charconv>
#include <limits>

namespace hilltop::drivers {
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
  return value && value.is_scalar() && !value.is_null() ? value.text() : std::string(fallback);
}

std::vector<std::string> texts_of(const Node& list) {
  std::vector<std::string> out;
  if (!list) return out;
  for (const auto& item : list.items()) out.push_back(item.text());
  return out;
}

}  // namespace hilltop::drivers
