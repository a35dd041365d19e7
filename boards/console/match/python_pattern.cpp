// SPDX-License-Identifier: Apache-2.0
#include "boards/console/match/python_pattern.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace hilltop::boards {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_octal(char c) { return c >= '0' && c <= '7'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_beyond_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

std::string to_utf8(std::uint32_t code) {
  std::string out;
  const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
  return out;
}

std::string as_escapes(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  return out;
}

/// One pass over a pattern. The first complaint ends it.
class Translator {
 public:
  explicit Translator(std::string_view in) : in_(in) {}

  Result<TranslatedPattern> run() {
    while (at_ < in_.size() && !error_) step();
    if (!error_ && !verbose_.empty() && verbose_.size() > 1) fail(in_.size(), "missing ), a group is not closed");
    if (error_) return *std::move(error_);
    return TranslatedPattern{std::move(out_), std::move(groups_)};
  }

 private:
  void fail(std::size_t at, std::string_view what) {
    if (!error_) error_ = Error(Errc::bad_input, Blame::job, fmt::format("{} at position {}", what, at));
  }
  [[nodiscard]] std::string_view left() const { return in_.substr(std::min(at_, in_.size())); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const { return at_ + ahead < in_.size() ? in_[at_ + ahead] : '\0'; }
  [[nodiscard]] bool looking_at(std::string_view text) const { return left().starts_with(text); }

  void step() {
    const char c = in_[at_];
    if (verbose_.back() && c == '#') return skip_comment();
    if (c == '\\') return escape();
    if (c == '[') return char_class();
    if (c == '(') return open_group();
    if (c == ')') return close_group();
    if (c == '{') return brace();
    // Right behind what opens a group this would be another opening, or a verb, of PCRE2's.
    if ((c == '?' || c == '*' || c == '+') && out_.size() == opened_at_) return fail(at_, "nothing to repeat");
    if (is_beyond_ascii(c)) return unit(take_character());
    out_ += c;
    ++at_;
  }

  void skip_comment() {
    while (at_ < in_.size() && in_[at_] != '\n') ++at_;
  }

  // The UTF-8 character here, or the byte that is none.
  std::string take_character() {
    std::size_t n = 1;
    while (at_ + n < in_.size() && n < 4 && (static_cast<unsigned char>(in_[at_ + n]) & 0xC0) == 0x80) ++n;
    const auto out = std::string(in_.substr(at_, n));
    at_ += n;
    return out;
  }

  // Bytes that a quantifier takes as one.
  void unit(std::string_view bytes) { out_ += bytes.size() == 1 ? as_escapes(bytes) : "(?:" + as_escapes(bytes) + ")"; }

  std::optional<std::uint32_t> hex(std::size_t begin, std::size_t digits) {
    std::uint32_t value = 0;
    const auto* from = in_.data() + begin;
    if (begin + digits > in_.size() || std::from_chars(from, from + digits, value, 16).ptr != from + digits) {
      fail(begin - 2, fmt::format("\\{} takes {} hexadecimal digits", in_[begin - 1], digits));
      return std::nullopt;
    }
    return value;
  }

  // What \x, \u, \U and octal escapes stand for; nothing when this escape is none of them. at_ is behind the backslash.
  std::optional<std::string> coded_character(bool in_class) {
    const char c = peek();
    if (c == 'x' || c == 'u' || c == 'U') {
      const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
      const auto begin = at_ + 1;
      const auto value = hex(begin, digits);
      at_ = std::min(in_.size(), begin + digits);
      if (!value) return std::string();
      if (*value > 0x10FFFF) fail(begin - 2, "a character beyond U+10FFFF");
      return c == 'x' ? std::string(1, static_cast<char>(*value)) : to_utf8(*value);
    }
    std::size_t digits = 0;
    while (digits < 3 && is_octal(peek(digits))) ++digits;
    const bool octal = c == '0' || (in_class && digits > 0) || digits == 3;
    if (!octal) return std::nullopt;
    unsigned value = 0;
    std::from_chars(in_.data() + at_, in_.data() + at_ + digits, value, 8);
    if (value > 0xFF) fail(at_ - 1, "an octal escape beyond \\377");
    at_ += digits;
    return std::string(1, static_cast<char>(value));
  }

  void escape() {
    const auto begin = at_++;
    if (at_ >= in_.size()) return fail(begin, "a backslash at the end");
    const char c = peek();
    if (auto coded = coded_character(false)) return coded->empty() ? void() : unit(*coded);
    if (is_digit(c)) return back_reference(begin);
    if (is_beyond_ascii(c)) return unit(take_character());
    ++at_;
    if (c == 'Z') {
      out_ += "\\z";
    } else if (c == 'v') {
      out_ += "\\x0b";
    } else if (c == 'B') {
      out_ += "(?:(?!\\A\\z)\\B)";  // in an empty text Python finds neither \b nor \B
    } else if (std::string_view("AbdDsSwWafnrt").contains(c) || !is_letter(c)) {
      out_ += '\\';
      out_ += c;
    } else {
      fail(begin, fmt::format("\\{} means nothing in a Python pattern", c));
    }
  }

  void back_reference(std::size_t begin) {
    unsigned number = 0;
    const auto digits = is_digit(peek(1)) ? 2U : 1U;
    std::from_chars(in_.data() + at_, in_.data() + at_ + digits, number);
    at_ += digits;
    if (number > group_count_) return fail(begin, fmt::format("there is no group {} before", number));
    out_ += fmt::format("\\g{{{}}}", number);
  }

  // One member of a class, as PCRE2 writes it; characters of several bytes go to `wide`.
  std::string class_member(std::vector<std::string>& wide) {
    const auto begin = at_;
    const char c = in_[at_];
    std::string character;
    if (c == '\\') {
      ++at_;
      if (at_ >= in_.size()) return fail(begin, "a backslash at the end"), "";
      const char e = peek();
      if (auto coded = coded_character(true)) {
        character = *std::move(coded);
      } else if (is_beyond_ascii(e)) {
        character = take_character();
      } else {
        ++at_;
        if (e == 'v') return "\\x0b";
        if (std::string_view("bdDsSwWafnrt").contains(e) || !(is_letter(e) || is_digit(e))) return {'\\', e};
        return fail(begin, fmt::format("\\{} means nothing in a [class]", e)), "";
      }
    } else if (is_beyond_ascii(c)) {
      character = take_character();
    } else {
      ++at_;
      return c == '[' ? "\\[" : std::string(1, c);  // Python has no [:posix:] names
    }
    if (character.size() == 1) return as_escapes(character);
    if (!character.empty()) wide.push_back(character);
    return "";
  }

  void char_class() {
    const auto begin = at_++;
    std::string members = "[";
    std::vector<std::string> wide;
    const bool negated = peek() == '^' && ++at_ > 0;
    if (negated) members += '^';
    const auto plain_from = members.size();
    if (peek() == ']') {
      members += "\\]";
      ++at_;
    }
    while (at_ < in_.size() && in_[at_] != ']' && !error_) {
      const auto before = wide.size();
      const bool after_dash =
          members.size() > plain_from + 1 && members.back() == '-' && in_[at_ - 1] == '-' && in_[at_ - 2] != '\\';
      members += class_member(wide);
      const bool range = after_dash || (peek() == '-' && peek(1) != ']' && peek(1) != '\0');
      if (wide.size() > before && (negated || range)) fail(begin, "a character beyond ASCII in a [^class] or range");
    }
    if (error_) return;
    if (at_ >= in_.size()) return fail(begin, "missing ], a [class] is not closed");
    ++at_;
    members += ']';
    if (wide.empty()) {
      out_ += members;
      return;
    }
    out_ += "(?:";
    for (const auto& one : wide) out_ += as_escapes(one) + "|";
    out_ += members.size() > plain_from + 1 ? members : std::string("(?!)");
    out_ += ')';
  }

  void brace() {
    const auto close = left().find('}');
    if (looking_at("{,") && close != std::string_view::npos && close > 2 &&
        std::ranges::all_of(left().substr(2, close - 2), is_digit)) {
      out_ += "{0";  // PCRE2 before 10.43 takes {,n} as text
      ++at_;
      return;
    }
    const auto inside = close == std::string_view::npos ? "" : left().substr(1, close - 1);
    const bool counts = !inside.empty() && is_digit(inside.front()) &&
                        std::ranges::all_of(inside, [](char c) { return is_digit(c) || c == ','; }) &&
                        std::ranges::count(inside, ',') <= 1;
    if (looking_at("{,}")) {
      out_ += "{0,}";
      at_ += 3;
      return;
    }
    out_ += counts ? "{" : "\\{";
    ++at_;
  }

  void push_group(std::string_view opening, std::size_t consumed) {
    out_ += opening;
    opened_at_ = out_.size();
    at_ += consumed;
    verbose_.push_back(verbose_.back());
  }

  void close_group() {
    if (verbose_.size() == 1) return fail(at_, "unbalanced )");
    verbose_.pop_back();
    out_ += ')';
    ++at_;
  }

  void open_group() {
    if (peek(1) == '*') return fail(at_ + 1, "nothing to repeat");
    if (peek(1) != '?') {
      ++group_count_;
      return push_group("(", 1);
    }
    for (const std::string_view same : {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"})
      if (looking_at(same)) return push_group(same, same.size());
    if (looking_at("(?#")) return comment_group();
    if (looking_at("(?P<")) return named_group();
    if (looking_at("(?P=")) return named_reference();
    if (looking_at("(?(")) return conditional();
    flags();
  }

  void comment_group() {
    const auto close = in_.find(')', at_);
    if (close == std::string_view::npos) return fail(at_, "missing ), a comment is not closed");
    at_ = close + 1;
  }

  // The name between at_ + skip and `end`; at_ goes behind it.
  std::string take_name(std::size_t skip, char end) {
    const auto begin = at_ + skip;
    const auto close = in_.find(end, begin);
    if (close == std::string_view::npos) return fail(at_, fmt::format("missing {} after a group's name", end)), "";
    auto name = std::string(in_.substr(begin, close - begin));
    const bool fine = !name.empty() && !is_digit(name[0]) && std::ranges::all_of(name, [](char c) {
      return is_letter(c) || is_digit(c) || c == '_' || is_beyond_ascii(c);
    });
    if (!fine) fail(begin, fmt::format("'{}' is no name for a group", name));
    at_ = close + 1;
    return name;
  }

  void named_group() {
    const auto begin = at_;
    auto name = take_name(4, '>');
    if (error_) return;
    if (!groups_.emplace(name, ++group_count_).second)
      return fail(begin, fmt::format("the group '{}' is there twice", name));
    push_group("(", 0);
  }

  void named_reference() {
    const auto begin = at_;
    const auto group = groups_.find(take_name(4, ')'));
    if (error_) return;
    if (group == groups_.end()) return fail(begin, "a reference to a group that is not there");
    out_ += fmt::format("\\g{{{}}}", group->second);
  }

  void conditional() {
    const auto begin = at_;
    unsigned number = 0;
    if (is_digit(peek(3))) {
      const auto* from = in_.data() + at_ + 3;
      const auto parsed = std::from_chars(from, in_.data() + in_.size(), number);
      at_ += 3 + static_cast<std::size_t>(parsed.ptr - from);
      if (peek() != ')') return fail(begin, "missing ) after a group's number");
      ++at_;
    } else {
      const auto group = groups_.find(take_name(3, ')'));
      if (error_) return;
      if (group != groups_.end()) number = group->second;
    }
    if (number == 0 || number > group_count_) return fail(begin, "a condition on a group that is not there");
    push_group(fmt::format("(?({})", number), 0);
  }

  void flags() {
    const auto begin = at_;
    at_ += 2;
    std::string kept;
    bool verbose = verbose_.back();
    bool off = false;
    for (; at_ < in_.size() && in_[at_] != ')' && in_[at_] != ':'; ++at_) {
      const char c = in_[at_];
      if (c == '-' && !off) {
        off = true;
        kept += '-';
      } else if (std::string_view("imsx").contains(c)) {
        kept += c;
        if (c == 'x') verbose = !off;
      } else if ((c != 'a' && c != 'u') || off) {  // both are how bytes are matched anyway
        return fail(begin, "an extension that Python's re does not have");
      }
    }
    if (at_ >= in_.size()) return fail(begin, "missing ), a group is not closed");
    const bool group = in_[at_] == ':';
    if (!group && (begin != 0 || off)) return fail(begin, "flags that are not at the start of the pattern");
    if (group) {
      push_group("(?" + kept + ":", 1);
    } else {
      ++at_;
      if (!kept.empty()) out_ += "(?" + kept + ")";
    }
    verbose_.back() = verbose;
  }

  std::string_view in_;
  std::size_t at_ = 0;
  std::string out_;
  std::size_t opened_at_ = std::string::npos;  // where the last group's content begins in out_
  std::map<std::string, unsigned> groups_;
  unsigned group_count_ = 0;
  std::vector<bool> verbose_{false};  // of the pattern and of each open group
  std::optional<Error> error_;
};

}  // namespace

Result<TranslatedPattern> translate_python_pattern(std::string_view pattern) { return Translator(pattern).run(); }

}  // namespace hilltop::boards
