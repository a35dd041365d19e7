// SPDX-License-Identifier: Apache-2.0
#include "boards/inventory_consoles.hpp"

#include <charconv>
#include <cmath>

namespace hilltop::boards {
namespace {

constexpr std::string_view units = "KMGT";
constexpr std::uint64_t least_quota = 64ULL << 20;  // a few journals: less could not hold what runs
constexpr double most_bytes = 1e18;

bool is_usual(const Retention& settings) {
  const Retention usual;
  return settings.quota_bytes == usual.quota_bytes && settings.board_quota_bytes == usual.board_quota_bytes &&
         settings.keep == usual.keep;
}

std::string short_form(std::uint64_t bytes) {
  std::size_t unit = 0;
  while (unit < units.size() && bytes >= 1024 && bytes % 1024 == 0) {
    bytes /= 1024;
    ++unit;
  }
  return std::to_string(bytes) + (unit == 0 ? "" : std::string(1, units[unit - 1]));
}

std::uint64_t read_size(Fields& fields, const char* key, std::uint64_t usual) {
  const auto node = fields.take(key);
  if (!node) return usual;
  const auto bytes = node.is_scalar() ? bytes_from(node.text()) : std::nullopt;
  if (!bytes) {
    fields.error(node, "'" + node.text() + "' is no size for '" + key + "'", "such as 512M or 20G");
    return usual;
  }
  if (*bytes < least_quota) fields.error(node, std::string("'") + key + "' is too small", "64M is the least");
  return *bytes;
}

}  // namespace

std::optional<std::uint64_t> bytes_from(std::string_view text) {
  double number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (failed != std::errc() || number < 0) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit.size() > 1) return std::nullopt;
  const auto power = unit.empty() ? 0 : units.find(unit) + 1;
  if (!unit.empty() && units.find(unit) == std::string_view::npos) return std::nullopt;
  number *= std::pow(1024.0, static_cast<double>(power));
  if (number > most_bytes) return std::nullopt;
  return static_cast<std::uint64_t>(number);
}

Retention read_console_settings(const Node& map, Diagnostics& diagnostics) {
  Retention out;
  if (!map) return out;
  Fields fields(map, "consoles", diagnostics);
  out.quota_bytes = read_size(fields, "quota", out.quota_bytes);
  out.board_quota_bytes = read_size(fields, "board_quota", out.board_quota_bytes);
  if (const auto keep = fields.take("keep")) {
    const auto time = keep.is_scalar() ? duration_from(keep.text()) : std::nullopt;
    if (time && *time > std::chrono::seconds(0)) {
      out.keep = *time;
    } else {
      fields.error(keep, "'" + keep.text() + "' is no time for 'keep'", "such as 30d or 12h");
    }
  }
  if (out.board_quota_bytes > out.quota_bytes)
    fields.error(map, "'board_quota' is more than 'quota', which is for all boards together");
  fields.refuse_others();
  return out;
}

void write_console_settings(const Retention& settings, std::string& out) {
  if (is_usual(settings)) return;
  out += "consoles:\n  quota: " + short_form(settings.quota_bytes) +
         "\n  board_quota: " + short_form(settings.board_quota_bytes) +
         "\n  keep: " + std::to_string(settings.keep.count()) + "s\n";
}

std::string describe(const Retention& settings) {
  constexpr std::chrono::seconds day = std::chrono::hours(24);
  const auto time = settings.keep % day == settings.keep.zero() ? std::to_string(settings.keep / day) + " days"
                                                                : to_human(settings.keep);
  return short_form(settings.quota_bytes) + "B for the lab, " + short_form(settings.board_quota_bytes) +
         "B a board, for " + time;
}

}  // namespace hilltop::boards
