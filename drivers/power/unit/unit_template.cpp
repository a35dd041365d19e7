// SPDX-License-Identifier: Apache-2.0
#include "drivers/power/unit/unit_template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "drivers/protocol/base64.hpp"

namespace hilltop::drivers::unit {
namespace {

constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view digits = "0123456789";
constexpr std::string_view signs = "+-*/%";
constexpr std::string_view text_formats[] = {"url", "json", "base64", "raw"};

Error wrong(std::string text) { return {Errc::bad_input, Blame::configuration, std::move(text)}; }

std::optional<long> number_in(std::string_view text) {
  long out = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

bool is_number_format(std::string_view format) {
  if (format == "byte" || format == "bit" || format == "base36") return true;
  if (format.starts_with("mask")) return format.size() == 4 || format.size() == 6;
  if (format.ends_with('x') || format.ends_with('X')) format.remove_suffix(1);
  return format.empty() || (format.size() == 2 && format[0] == '0' && digits.contains(format[1]));
}

bool is_text_format(std::string_view format) {
  return std::ranges::find(text_formats, format) != std::end(text_formats);
}

long outlets_of(const Variables& variables) {
  const auto found = variables.find("outlets");
  return found == variables.end() ? 0 : number_in(found->second).value_or(0);
}

Result<std::string> formatted(long value, std::string_view format, const Variables& variables) {
  if (value < 0) return wrong(fmt::format("{} is negative", value));
  if (format == "byte") {
    if (value > 255) return wrong(fmt::format("{} is no byte", value));
    return std::string(1, static_cast<char>(value));
  }
  if (format == "base36") {
    if (value > 35) return wrong(fmt::format("{} is no digit", value));
    return std::string(1, static_cast<char>(value < 10 ? '0' + value : 'A' + value - 10));
  }
  if (format == "bit") {
    if (value > 7) return wrong(fmt::format("{} is no bit of a byte", value));
    return fmt::format("{:02x}", 1 << value);
  }
  if (format.starts_with("mask")) {
    const auto outlets = outlets_of(variables);
    if (value < 1 || value > outlets) return wrong(fmt::format("outlet {} is none of {}", value, outlets));
    const bool own = format.size() == 6;
    std::string out(static_cast<std::size_t>(outlets), own ? format[4] : '0');
    out[static_cast<std::size_t>(value - 1)] = own ? format[5] : '1';
    return out;
  }
  const bool upper = format.ends_with('X');
  const bool hex = upper || format.ends_with('x');
  const int width = format.size() >= 2 ? format[1] - '0' : 0;
  if (!hex) return fmt::format("{:0{}}", value, width);
  return upper ? fmt::format("{:0{}X}", value, width) : fmt::format("{:0{}x}", value, width);
}

std::string pattern_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\.[]{}()*+?^$|").contains(c)) out += '\\';
    out += c;
  }
  return out;
}

std::string escaped(std::string_view text, std::string_view format, Escape escape) {
  if (format == "raw") return std::string(text);
  if (format == "base64") return base64_encoded(text);
  if (format == "url" || (format.empty() && escape == Escape::url)) return url_escaped(text);
  if (format == "json" || (format.empty() && escape == Escape::json)) return json_escaped(text);
  return escape == Escape::pattern ? pattern_escaped(text) : std::string(text);
}

Result<std::string> value_of(const std::string& name, const Variables& variables) {
  const auto found = variables.find(name);
  if (found == variables.end())
    return Error(Errc::not_found, Blame::configuration, fmt::format("'{}' is not known", name));
  return found->second;
}

}  // namespace

std::string url_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (letters.contains(c) || digits.contains(c) || std::string_view("-._~").contains(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string json_escaped(std::string_view text) {
  const auto quoted = nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

Result<Template::Piece> Template::parse_hole(std::string_view hole) {
  Piece out;
  const auto bar = hole.find('|');
  if (bar != hole.npos) out.format = hole.substr(bar + 1);
  auto rest = hole.substr(0, bar);
  char sign = '+';
  for (;;) {
    const auto end = std::min(rest.find_first_of(signs), rest.size());
    const auto word = rest.substr(0, end);
    Factor factor{sign, {}, 0};
    if (const auto number = number_in(word)) {
      factor.number = *number;
    } else if (!word.empty() && letters.contains(word.front()) && std::ranges::all_of(word, [](char c) {
                 return letters.contains(c) || digits.contains(c) || c == '_';
               })) {
      factor.name = word;
    } else {
      return wrong(fmt::format("'${{{}}}': '{}' is neither a name nor a number", hole, word));
    }
    out.factors.push_back(std::move(factor));
    if (end == rest.size()) break;
    sign = rest[end];
    rest.remove_prefix(end + 1);
  }
  const bool is_name = out.factors.size() == 1 && !out.factors.front().name.empty();
  if (!is_number_format(out.format) && !(is_name && is_text_format(out.format)))
    return wrong(fmt::format("'${{{}}}': '{}' is no format", hole, out.format));
  return out;
}

Result<Template> Template::parse(std::string_view text) {
  Template out;
  while (!text.empty()) {
    const auto hole = text.find("${");
    if (hole != 0) out.pieces_.push_back({std::string(text.substr(0, hole)), {}, {}});
    if (hole == text.npos) break;
    const auto end = text.find('}', hole);
    if (end == text.npos) return wrong(fmt::format("'{}': '}}' is missing", text.substr(hole)));
    HILLTOP_TRY(auto piece, parse_hole(text.substr(hole + 2, end - hole - 2)));
    out.pieces_.push_back(std::move(piece));
    text.remove_prefix(end + 1);
  }
  return out;
}

Result<std::string> Template::render_hole(const Piece& piece, const Variables& variables, Escape escape) {
  const auto& first = piece.factors.front();
  const bool is_text = piece.factors.size() == 1 && !first.name.empty();
  if (is_text && (piece.format.empty() || is_text_format(piece.format))) {
    HILLTOP_TRY(const auto text, value_of(first.name, variables));
    return escaped(text, piece.format, escape);
  }
  long sum = 0;
  long product = 0;
  for (const auto& factor : piece.factors) {
    auto value = factor.number;
    if (!factor.name.empty()) {
      HILLTOP_TRY(const auto text, value_of(factor.name, variables));
      const auto number = number_in(text);
      if (!number) return wrong(fmt::format("'{}' is '{}', which is no number", factor.name, text));
      value = *number;
    }
    const bool divides = factor.sign == '/' || factor.sign == '%';
    if (divides && value == 0) return wrong("division by zero");
    if (factor.sign == '*') {
      product *= value;
    } else if (divides) {
      product = factor.sign == '/' ? product / value : product % value;
    } else {
      sum += product;
      product = factor.sign == '-' ? -value : value;
    }
  }
  return formatted(sum + product, piece.format, variables);
}

Result<std::string> Template::render(const Variables& variables, Escape escape) const {
  std::string out;
  for (const auto& piece : pieces_) {
    if (piece.factors.empty()) {
      out += piece.text;
      continue;
    }
    HILLTOP_TRY(const auto text, render_hole(piece, variables, escape));
    out += text;
  }
  return out;
}

bool Template::names(std::string_view variable) const {
  const auto all = names();
  return std::ranges::find(all, variable) != all.end();
}

std::vector<std::string> Template::names() const {
  std::vector<std::string> out;
  for (const auto& piece : pieces_)
    for (const auto& factor : piece.factors)
      if (!factor.name.empty()) out.push_back(factor.name);
  return out;
}

}  // namespace hilltop::drivers::unit
