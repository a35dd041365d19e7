// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/yaml_scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace hilltop::yaml {
namespace {

constexpr std::string_view digits = "0123456789";
constexpr std::string_view digits_ = "0123456789_";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool all_of(std::string_view text, std::string_view allowed) { return text.find_first_not_of(allowed) == text.npos; }

template <std::size_t N>
bool one_of(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, text) != words.end();
}

constexpr std::array<std::string_view, 9> true_words = {"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
constexpr std::array<std::string_view, 9> false_words = {"no",    "No",  "NO",  "false", "False",
                                                         "FALSE", "off", "Off", "OFF"};
constexpr std::array<std::string_view, 5> null_words = {"", "~", "null", "Null", "NULL"};

std::string_view without_sign(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return text;
}

/// The ":30" parts of 1:30 (each 0 to 59): at least one, and nothing else.
bool is_sexagesimal_tail(std::string_view text) {
  if (text.empty()) return false;
  while (!text.empty()) {
    if (text.front() != ':') return false;
    text.remove_prefix(1);
    const auto end = std::min(text.find(':'), text.size());
    const auto part = text.substr(0, end);
    if (part.empty() || part.size() > 2 || !all_of(part, digits)) return false;
    if (part.size() == 2 && part[0] > '5') return false;
    text.remove_prefix(end);
  }
  return true;
}

bool looks_like_integer(std::string_view text) {
  text = without_sign(text);
  if (text.empty() || !is_digit(text.front())) return false;
  if (text == "0") return true;
  if (text.starts_with("0b")) return text.size() > 2 && all_of(text.substr(2), "01_");
  if (text.starts_with("0x")) return text.size() > 2 && all_of(text.substr(2), "0123456789abcdefABCDEF_");
  if (text.front() == '0') return all_of(text.substr(1), "01234567_");
  const auto head = std::min(text.find_first_not_of(digits_), text.size());
  return head == text.size() || is_sexagesimal_tail(text.substr(head));
}

/// "", "e+10", "E-3".
bool is_exponent(std::string_view text) {
  if (text.empty()) return true;
  return text.size() >= 3 && (text[0] == 'e' || text[0] == 'E') && (text[1] == '+' || text[1] == '-') &&
         all_of(text.substr(2), digits);
}

bool looks_like_real(std::string_view text) {
  const auto unsigned_text = without_sign(text);
  if (one_of(unsigned_text, std::array<std::string_view, 3>{".inf", ".Inf", ".INF"})) return true;
  if (one_of(text, std::array<std::string_view, 3>{".nan", ".NaN", ".NAN"})) return true;
  if (unsigned_text.empty()) return false;
  if (unsigned_text.front() == '.') {  // without a sign only: that is how PyYAML's pattern is
    if (text.size() < 2 || text.front() != '.' || !is_digit(text[1])) return false;
    const auto end = std::min(text.find_first_not_of(digits_, 1), text.size());
    return is_exponent(text.substr(end));
  }
  const auto dot = unsigned_text.find('.');
  if (dot == unsigned_text.npos || !is_digit(unsigned_text.front())) return false;
  const auto head = unsigned_text.substr(0, dot);
  const auto tail = unsigned_text.substr(dot + 1);
  const auto whole = std::min(head.find_first_not_of(digits_), head.size());
  if (whole < head.size()) return is_sexagesimal_tail(head.substr(whole)) && all_of(tail, digits_);
  return is_exponent(tail.substr(std::min(tail.find_first_not_of(digits_), tail.size())));
}

std::string without_underscores(std::string_view text) {
  std::string out;
  std::ranges::copy_if(text, std::back_inserter(out), [](char c) { return c != '_'; });
  return out;
}

/// A sum of digits in `base`, exact while it fits 64 bits, a double in any case.
struct Number {
  std::uint64_t exact = 0;
  double about = 0;
  bool fits = true;
  void shift_in(std::uint64_t base, std::uint64_t digit) {
    about = about * static_cast<double>(base) + static_cast<double>(digit);
    fits = fits && !__builtin_mul_overflow(exact, base, &exact) && !__builtin_add_overflow(exact, digit, &exact);
  }
};

std::optional<Number> digits_in(std::uint64_t base, std::string_view text) {
  Number out;
  if (text.empty()) return std::nullopt;
  for (const char c : text) {
    const auto digit = static_cast<std::uint64_t>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    if (digit >= base) return std::nullopt;
    out.shift_in(base, digit);
  }
  return out;
}

std::optional<Number> sexagesimal(std::string_view text) {
  Number out;
  while (true) {
    const auto end = std::min(text.find(':'), text.size());
    const auto part = digits_in(10, text.substr(0, end));
    if (!part || !part->fits) return std::nullopt;
    out.shift_in(60, part->exact);
    if (end == text.size()) return out;
    text.remove_prefix(end + 1);
  }
}

Node integer_node(const std::string& text, const Place& place) {
  const auto plain = without_underscores(text);
  const auto body = without_sign(plain);
  std::optional<Number> number;
  if (body.starts_with("0b")) {
    number = digits_in(2, body.substr(2));
  } else if (body.starts_with("0x")) {
    number = digits_in(16, body.substr(2));
  } else if (body.starts_with("0") && body.size() > 1) {
    number = digits_in(8, body);
  } else {
    number = body.contains(':') ? sexagesimal(body) : digits_in(10, body);
  }
  if (!number) return {};
  const bool negative = plain.starts_with('-');
  const std::uint64_t largest =
      static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) + (negative ? 1 : 0);
  if (!number->fits || number->exact > largest)
    return Node::real(negative ? -number->about : number->about, text, place);
  return Node::integer(static_cast<std::int64_t>(negative ? 0 - number->exact : number->exact), text, place);
}

std::optional<double> decimal(std::string_view text) {
  double value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || text.empty() || ec == std::errc::invalid_argument) return std::nullopt;
  if (ec == std::errc::result_out_of_range)  // as Python reads it: too large is infinite, too small is nought
    return text.contains("e-") || text.contains("E-") ? 0.0 : std::numeric_limits<double>::infinity();
  return value;
}

Node real_node(const std::string& text, const Place& place) {
  auto plain = without_underscores(text);
  for (auto& c : plain) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 0x20) : c;
  const double sign = plain.starts_with('-') ? -1 : 1;
  std::string_view body = without_sign(plain);
  if (body == ".inf") return Node::real(sign * std::numeric_limits<double>::infinity(), text, place);
  if (body == ".nan") return Node::real(std::numeric_limits<double>::quiet_NaN(), text, place);
  double value = 0;
  while (true) {
    const auto end = std::min(body.find(':'), body.size());
    const auto part = decimal(body.substr(0, end));
    if (!part) return {};
    value = value * 60 + *part;
    if (end == body.size()) return Node::real(sign * value, text, place);
    body.remove_prefix(end + 1);
  }
}

std::optional<bool> bool_from(std::string_view text) {
  if (one_of(text, true_words)) return true;
  if (one_of(text, false_words)) return false;
  return std::nullopt;
}

}  // namespace

Special special_of(std::string_view text) noexcept {
  if (text == "<<") return Special::merge;
  return text == "=" ? Special::value : Special::none;
}

Node resolve_plain(std::string text, Place place) {
  if (one_of(text, null_words)) return Node::null(std::move(place));
  if (const auto value = bool_from(text)) return Node::boolean(*value, std::move(place));
  if (looks_like_real(text))
    if (auto node = real_node(text, place)) return node;
  if (looks_like_integer(text))
    if (auto node = integer_node(text, place)) return node;
  return Node::string(std::move(text), std::move(place));
}

Node resolve_tagged(std::string_view tag, std::string text, Place place, bool& known) {
  constexpr std::string_view prefix = "tag:yaml.org,2002:";
  known = tag.starts_with(prefix);
  const auto type = known ? tag.substr(prefix.size()) : std::string_view();
  if (type == "str" || type == "timestamp") return Node::string(std::move(text), std::move(place));
  if (type == "null") return Node::null(std::move(place));
  if (type == "int") return integer_node(text, place);
  if (type == "float") return real_node(text, place);
  if (type == "bool") {
    const auto value = bool_from(text);
    return value ? Node::boolean(*value, std::move(place)) : Node();
  }
  known = false;
  return {};
}

}  // namespace hilltop::yaml
