// SPDX-License-Identifier: Apache-2.0
#include "boards/console/match/factors.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace hilltop::boards {
namespace {

constexpr std::size_t most_factors = 16;  // that a product of two sets may have
constexpr std::size_t most_choices = 96;  // that an alternation may have
constexpr std::size_t longest_factor = 24;
constexpr std::uint32_t most_repeats = 8;
constexpr std::uint32_t unbounded = std::numeric_limits<std::uint32_t>::max();

using Set = std::vector<Factor>;

/// What is known of the texts that a part of a pattern matches.
struct Part {
  bool exact = true;     // each of them is one of `begins`
  Set begins{Factor()};  // each begins with one of these
  Set ends;              // each ends with one of these; when exact, see ends_of()
  Set best;              // each holds one of these somewhere; may be empty
  std::uint32_t shortest = 0, longest = 0;
};

Part anything() {
  Part out;
  out.exact = false;
  out.ends = {Factor()};
  out.ends[0].offset = Factor::anywhere;
  out.longest = unbounded;
  return out;
}

Part one(const ByteSet& set) {
  Part out;
  out.begins[0].bytes.push_back(set);
  out.shortest = out.longest = 1;
  return out;
}

const Set& ends_of(const Part& part) { return part.exact ? part.begins : part.ends; }

double per_byte(const Set& set) {
  if (set.empty()) return 1;
  constexpr double confirming = 30;  // times what a candidate costs
  double out = 0;
  for (const auto& factor : set) {
    if (factor.bytes.empty()) return 1;
    out += rarity(factor, 4).per_byte + confirming * rarity(factor, longest_factor + 2).per_byte;
    if (factor.offset == Factor::anywhere) out += 0.1 * rarity(factor, 4).per_byte;
  }
  return out;
}

void keep_better(Set& best, const Set& other) {
  if (per_byte(other) < per_byte(best)) best = other;
}

std::int32_t shifted(std::int32_t offset, const Part& before) {
  if (offset == Factor::anywhere || before.shortest != before.longest) return Factor::anywhere;
  return offset + static_cast<std::int32_t>(before.shortest);
}

Set shifted(Set set, const Part& before) {
  for (auto& factor : set) factor.offset = shifted(factor.offset, before);
  return set;
}

// One text behind the other. What cannot be (a line's begin behind a byte) says less, which is no mistake.
Factor joined(const Factor& a, const Factor& b) {
  Factor out = a;
  out.after_newline = a.after_newline || (a.bytes.empty() && b.after_newline);
  out.before_newline = b.before_newline || (b.bytes.empty() && a.before_newline);
  out.bytes.insert(out.bytes.end(), b.bytes.begin(), b.bytes.end());
  return out;
}

Set product(const Set& a, const Set& b) {
  Set out;
  for (const auto& x : a)
    for (const auto& y : b) out.push_back(joined(x, y));
  return out;
}

void keep_front(Set& set) {
  for (auto& factor : set) {
    if (factor.bytes.size() <= longest_factor) continue;
    factor.bytes.resize(longest_factor);
    factor.before_newline = false;
  }
}

void keep_back(Set& set) {
  for (auto& factor : set) {
    if (factor.bytes.size() <= longest_factor) continue;
    const auto extra = factor.bytes.size() - longest_factor;
    factor.bytes.erase(factor.bytes.begin(), factor.bytes.begin() + static_cast<std::ptrdiff_t>(extra));
    factor.after_newline = false;
    if (factor.offset != Factor::anywhere) factor.offset += static_cast<std::int32_t>(extra);
  }
}

bool is_short(const Set& set) {
  return std::ranges::all_of(set, [](const Factor& factor) { return factor.bytes.size() <= longest_factor; });
}

std::uint32_t plus(std::uint32_t a, std::uint32_t b) { return a == unbounded || b == unbounded ? unbounded : a + b; }

/// The rarest that is known of the whole part.
Set rarest(const Part& part) {
  Set out = part.best;
  keep_better(out, part.begins);
  if (!part.exact) keep_better(out, part.ends);
  return out;
}

Part sequence(const Part& a, const Part& b) {
  Part out;
  out.shortest = plus(a.shortest, b.shortest);
  out.longest = plus(a.longest, b.longest);
  const bool small = ends_of(a).size() * b.begins.size() <= most_factors;
  out.exact = a.exact && b.exact && small;
  if (out.exact) {
    out.begins = product(a.begins, b.begins);
    out.exact = is_short(out.begins);
    if (out.exact) return out;
  }
  out.begins = a.exact && small ? product(a.begins, b.begins) : a.begins;
  out.ends = shifted(ends_of(b), a);
  if (b.exact && small) out.ends = product(ends_of(a), b.begins);
  out.best = a.best;
  keep_better(out.best, shifted(b.best, a));
  if (small) keep_better(out.best, product(ends_of(a), b.begins));
  keep_better(out.best, ends_of(a));
  keep_better(out.best, shifted(b.begins, a));
  keep_front(out.begins);
  keep_back(out.ends);
  return out;
}

Set either(Set a, const Set& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Part choice(const Part& a, const Part& b) {
  Part out;
  out.shortest = std::min(a.shortest, b.shortest);
  out.longest = std::max(a.longest, b.longest);
  out.exact = a.exact && b.exact && a.begins.size() + b.begins.size() <= most_choices;
  const auto best_a = rarest(a);
  const auto best_b = rarest(b);
  if (!best_a.empty() && !best_b.empty() && best_a.size() + best_b.size() <= most_choices)
    out.best = either(best_a, best_b);
  if (a.begins.size() + b.begins.size() <= most_choices) {
    out.begins = either(a.begins, b.begins);
    out.ends = either(ends_of(a), ends_of(b));
  } else {
    out.ends = {Factor()};
    out.ends[0].offset = Factor::anywhere;
  }
  return out;
}

Part repeated(const Part& part, std::uint32_t least, std::uint32_t most) {
  Part out;
  if (most == 0) return out;
  if (least == 0) return most == 1 && part.exact ? choice(part, Part()) : anything();
  for (std::uint32_t i = 0; i < std::min(least, most_repeats); ++i) out = sequence(out, part);
  if (least > most_repeats || most > least) out = sequence(out, anything());
  return out;
}

/// Reads what translate_python_pattern() writes.
class Reader {
 public:
  Reader(std::string_view in, const FactorScope& scope) : in_(in), scope_(scope) {}

  Factors run() {
    const auto whole = alternation({});
    Factors out;
    if (failed_ || at_ != in_.size()) return out;
    out.min_bytes = whole.shortest;
    out.any = rarest(whole);
    out.is_all = plain_ && whole.exact && whole.begins.size() == 1 && !scope_.lines &&
                 line_begins_ == (whole.begins[0].after_newline ? 1 : 0) &&
                 line_ends_ == (whole.begins[0].before_newline ? 1 : 0);  // where they cannot be, they were dropped
    if (out.is_all) out.any = whole.begins;
    if (scope_.lines) split_at_newlines(out.any);
    out.per_byte = 0;
    for (const auto& factor : out.any) out.per_byte += factor.bytes.empty() ? 1 : rarity(factor, 4).per_byte;
    if (out.any.empty()) out.per_byte = 1;
    return out;
  }

 private:
  struct Flags {
    bool any_case = false, verbose = false;
  };

  [[nodiscard]] bool at_end() const { return at_ >= in_.size(); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const { return at_ + ahead < in_.size() ? in_[at_ + ahead] : '\0'; }
  bool take(std::string_view text) {
    if (!in_.substr(std::min(at_, in_.size())).starts_with(text)) return false;
    at_ += text.size();
    return true;
  }
  Part confused() {
    failed_ = true;
    at_ = in_.size();
    return anything();
  }

  // The rarest run of places that cannot be a \n; a factor with none of them is empty, which is of no use.
  void split_at_newlines(Set& set) {
    for (auto& factor : set) {
      Factor best;
      best.offset = Factor::anywhere;
      std::vector<Factor> runs(1);
      runs[0].after_newline = factor.after_newline;
      for (const auto& place : factor.bytes) {
        if (place.has('\n'))
          runs.emplace_back();
        else
          runs.back().bytes.push_back(place);
      }
      runs.back().before_newline = factor.before_newline;
      for (auto& run : runs) {
        run.offset = Factor::anywhere;
        if (!run.bytes.empty() && (best.bytes.empty() || per_byte({run}) < per_byte({best}))) best = run;
      }
      factor = best;
    }
  }

  Part alternation(Flags flags) {
    auto out = concatenation(flags);
    while (!at_end() && peek() == '|') {
      ++at_;
      out = choice(out, concatenation(flags));
    }
    return out;
  }

  void skip_space(const Flags& flags) {
    while (flags.verbose && !at_end() && (std::string_view(" \t\n\r\f\v").contains(peek()) || peek() == '#')) {
      if (peek() == '#')
        while (!at_end() && peek() != '\n') ++at_;
      else
        ++at_;
    }
  }

  Part concatenation(Flags& flags) {
    Part out;
    for (skip_space(flags); !at_end() && peek() != '|' && peek() != ')'; skip_space(flags)) {
      auto part = atom(flags);
      skip_space(flags);
      out = sequence(out, quantified(std::move(part)));
    }
    return out;
  }

  std::uint32_t number() {
    std::uint32_t out = 0;
    const auto [end, error] = std::from_chars(in_.data() + at_, in_.data() + in_.size(), out);
    if (error != std::errc()) return unbounded;
    at_ = static_cast<std::size_t>(end - in_.data());
    return out;
  }

  Part quantified(Part part) {
    std::uint32_t least = 1;
    std::uint32_t most = 1;
    if (take("*")) {
      least = 0;
      most = unbounded;
    } else if (take("+")) {
      most = unbounded;
    } else if (take("?")) {
      least = 0;
    } else if (take("{")) {
      least = most = number();
      if (take(",")) most = peek() == '}' ? unbounded : number();
      if (!take("}") || least == unbounded) return confused();
    } else {
      return part;
    }
    if (!take("?") && take("+")) plain_ = false;  // lazy or possessive: the same texts, or fewer
    if (line_begins_ + line_ends_ > 0) plain_ = false;
    return repeated(part, least, most);
  }

  Part newline(bool before) {
    Part out;
    ++(before ? line_begins_ : line_ends_);
    if (before && scope_.after_stamps)
      plain_ = false;
    else
      (before ? out.begins[0].after_newline : out.begins[0].before_newline) = true;
    return out;
  }

  Part zero_width() {
    plain_ = false;
    return {};
  }

  Part atom(Flags& flags) {
    const char c = peek();
    if (c == '(') return group(flags);
    if (c == '[') return char_class(flags);
    if (c == '\\') return escape(flags);
    ++at_;
    if (c == '.') return one(ByteSet::any());
    if (c == '^') return newline(true);
    if (c == '$') return newline(false);
    if (std::string_view("*+?{").contains(c)) return confused();
    return character(static_cast<unsigned char>(c), flags);
  }

  static Part character(unsigned char byte, const Flags& flags) {
    const auto set = ByteSet::of(byte);
    return one(flags.any_case ? set.any_case() : set);
  }

  Part group(Flags& outer) {
    Flags flags = outer;
    bool looks_around = false;
    bool conditional = false;
    if (take("(?=") || take("(?!") || take("(?<=") || take("(?<!")) {
      looks_around = true;
    } else if (take("(?>")) {
      plain_ = false;
    } else if (take("(?(")) {
      conditional = true;
      number();
      if (!take(")")) return confused();
    } else if (take("(?")) {
      bool on = true;
      for (; !at_end() && peek() != ':' && peek() != ')'; ++at_) {
        if (peek() == '-') on = false;
        if (peek() == 'i') flags.any_case = on;
        if (peek() == 'x') flags.verbose = on;
        if (!std::string_view("imsx-").contains(peek())) return confused();
      }
      if (take(")")) {  // for the rest of this group
        outer = flags;
        return {};
      }
      if (!take(":")) return confused();
    } else {
      ++at_;
    }
    auto out = alternation(flags);
    if (!take(")")) return confused();
    if (looks_around) return zero_width();
    if (conditional) plain_ = false;
    return conditional ? choice(out, Part()) : out;
  }

  // \d and its like; nothing when `c` is none.
  static std::optional<ByteSet> named_class(char c) {
    ByteSet out;
    if (c == 'd' || c == 'D') {
      out.add('0', '9');
    } else if (c == 'w' || c == 'W') {
      out.add('0', '9');
      out.add('a', 'z');
      out.add('A', 'Z');
      out.add('_');
    } else if (c == 's' || c == 'S') {
      out.add('\t', '\r');
      out.add(' ');
    } else {
      return std::nullopt;
    }
    return c == 'D' || c == 'W' || c == 'S' ? ~out : out;
  }

  // The byte of an escape that stands for one; at_ is behind the backslash and goes behind the escape.
  std::optional<unsigned char> coded_byte(bool in_class) {
    const char c = peek();
    ++at_;
    if (c == 'x') {
      unsigned value = 0;
      const auto* from = in_.data() + at_;
      if (at_ + 2 > in_.size() || std::from_chars(from, from + 2, value, 16).ptr != from + 2) return std::nullopt;
      at_ += 2;
      return static_cast<unsigned char>(value);
    }
    constexpr std::string_view names = "nrtfa";
    constexpr std::string_view values = "\n\r\t\f\a";
    if (const auto i = names.find(c); i != std::string_view::npos) return static_cast<unsigned char>(values[i]);
    if (in_class && c == 'b') return '\b';
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alphanumeric) return std::nullopt;
    return static_cast<unsigned char>(c);
  }

  Part escape(const Flags& flags) {
    ++at_;
    const char c = peek();
    if (const auto set = named_class(c)) {
      ++at_;
      return one(*set);
    }
    if (c == 'b' || c == 'B') {
      ++at_;
      return zero_width();
    }
    if (c == 'A' || c == 'z') {
      ++at_;
      return newline(c == 'A');
    }
    if (c == 'g') {  // a back reference: \g{n}
      plain_ = false;
      const auto close = in_.find('}', at_);
      if (close == std::string_view::npos) return confused();
      at_ = close + 1;
      return anything();
    }
    const auto byte = coded_byte(false);
    return byte ? character(*byte, flags) : confused();
  }

  Part char_class(const Flags& flags) {
    ++at_;
    const bool negated = take("^");
    ByteSet set;
    std::optional<unsigned char> last;  // what a range may begin with
    bool first = true;
    for (; !at_end() && (peek() != ']' || first); first = false) {
      std::optional<unsigned char> byte;
      if (peek() == '-' && last && peek(1) != ']') {
        ++at_;
        const bool escaped = peek() == '\\';
        if (escaped) ++at_;
        const auto high = escaped ? coded_byte(true) : static_cast<unsigned char>(in_[at_++]);
        if (!high || *high < *last) return confused();
        set.add(*last, *high);
        last.reset();
        continue;
      }
      if (peek() == '\\') {
        ++at_;
        if (const auto named = named_class(peek())) {
          ++at_;
          set |= *named;
          last.reset();
          continue;
        }
        byte = coded_byte(true);
        if (!byte) return confused();
      } else {
        byte = static_cast<unsigned char>(in_[at_++]);
      }
      set.add(*byte);
      last = byte;
    }
    if (!take("]")) return confused();
    if (flags.any_case) set = set.any_case();
    return one(negated ? ~set : set);
  }

  std::string_view in_;
  FactorScope scope_;
  std::size_t at_ = 0;
  bool plain_ = true;  // no assertion but ^ and $, and nothing else that forbids a text that the parts allow
  bool failed_ = false;
  int line_begins_ = 0, line_ends_ = 0;  // ^ and $ read
};

}  // namespace

Factors required_factors(std::string_view pcre, const FactorScope& scope) { return Reader(pcre, scope).run(); }

}  // namespace hilltop::boards
