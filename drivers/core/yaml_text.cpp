// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/yaml_text.hpp"

#include <algorithm>
#include <array>

namespace hilltop::yaml {
namespace {

/// Bytes of the well-formed UTF-8 sequence at the front of `text`, 0 when there is none. Source: RFC 3629 4, "Syntax".
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto is_tail = [&](std::size_t i) { return byte(i) >= 0x80 && byte(i) <= 0xBF; };
  const auto lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return is_tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool overlong = lead == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = lead == 0xED && byte(1) > 0x9F;
    return is_tail(1) && is_tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool outside = (lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F);
    return is_tail(1) && is_tail(2) && is_tail(3) && !outside ? 4 : 0;
  }
  return 0;
}

std::string_view line_at(std::string_view text, std::size_t line) {
  for (; line > 0; --line) {
    const auto end = text.find('\n');
    if (end == text.npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

struct Help {
  std::string_view problem;
  const char* text;
};

// Source of the problems' texts: libyaml 0.2.5, src/scanner.c and src/parser.c.
constexpr std::array<Help, 10> helps = {{
    {"mapping values are not allowed",
     "text that contains ': ' needs quotes; or the line above is not indented like this one"},
    {"did not find expected key", "this line is not indented like the ones above it, or a quote is missing"},
    {"did not find expected '-' indicator", "this line is not indented like the list above it"},
    {"could not find expected ':'", "a key needs ':' and a space behind it; or a quote above is not closed"},
    {"did not find expected ',' or ']'", "a ']' or ',' is missing; text with commas or brackets needs quotes"},
    {"did not find expected ',' or '}'", "a '}' or ',' is missing; text with commas or braces needs quotes"},
    {"found unexpected end of stream", "a closing quote is missing"},
    {"found unexpected document indicator", "a closing quote is missing above the '---'"},
    {"found unknown escape character", "use single quotes: a backslash means itself there"},
    {"block sequence entries are not allowed", "a list begins on a line of its own, below its key"},
}};

}  // namespace

std::string short_tag(std::string_view tag) {
  constexpr std::string_view prefix = "tag:yaml.org,2002:";
  return tag.starts_with(prefix) ? "!!" + std::string(tag.substr(prefix.size())) : std::string(tag);
}

std::optional<std::size_t> first_bad_byte(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto length = text[at] == '\0' ? 0 : sequence_length(text.substr(at, 4));
    if (length == 0) return at;
    at += length;
  }
  return std::nullopt;
}

Place place_at(std::string_view text, std::size_t offset, std::shared_ptr<const std::string> file) {
  text = text.substr(0, std::min(offset, text.size()));
  const auto line = std::ranges::count(text, '\n');
  const auto begin = text.rfind('\n') == text.npos ? 0 : text.rfind('\n') + 1;
  const auto column =
      std::ranges::count_if(text.substr(begin), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  return {std::move(file), static_cast<std::uint32_t>(line + 1), static_cast<std::uint32_t>(column + 1)};
}

std::string help_for(std::string_view problem, std::string_view text, std::size_t line, std::size_t column) {
  const auto source = line_at(text, line);
  const auto indent = source.substr(0, std::min(source.find_first_not_of(" \t"), source.size()));
  if (indent.contains('\t')) return "indent with spaces: YAML does not allow tabs there";
  if (problem.starts_with("found character that cannot start") && column < source.size())
    return std::string("text that begins with '") + source[column] + "' needs quotes";
  for (const auto& help : helps)
    if (problem.starts_with(help.problem)) return help.text;
  return {};
}

}  // namespace hilltop::yaml
