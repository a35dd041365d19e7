// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "boards/console/match/matcher.hpp"
#include "boards/console/match/pcre.hpp"
#include "boards/console/match/python_pattern.hpp"
#include "boards/console/match/time_stamps.hpp"

namespace hilltop::boards::test {

/// A match: which pattern, the line in which it was found, where in the raw bytes.
struct Seen {
  std::uint64_t line = 0;
  std::uint32_t pattern = 0;
  std::uint64_t begin = 0, end = 0;
  bool operator==(const Seen&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Seen& seen) {
    return out << "pattern " << seen.pattern << " line " << seen.line << " [" << seen.begin << ", " << seen.end << ")";
  }
};

/// PCRE2 itself, without JIT, without any filter: all matches in each line, or window of lines, as matcher.hpp says.
class MatchOracle {
 public:
  explicit MatchOracle(const std::vector<PatternSpec>& patterns) {
    for (const auto& spec : patterns) {
      const auto translated = translate_python_pattern(spec.pattern).value();
      int error = 0;
      PCRE2_SIZE at = 0;
      patterns_.push_back(
          {spec,
           pcre::Code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.pcre.data()), translated.pcre.size(),
                                    PCRE2_DOTALL | PCRE2_NEVER_UTF, &error, &at, nullptr)),
           {},
           0});
      EXPECT_TRUE(patterns_.back().code) << spec.pattern;
    }
  }

  /// The lines come in order, in blocks of any size.
  std::vector<Seen> find(const CleanBlock& block) {
    std::vector<Seen> out;
    for (std::size_t i = 0; i < block.lines().size(); ++i) {
      lines_.append(block, i);
      for (std::uint32_t p = 0; p < patterns_.size(); ++p) {
        if (patterns_[p].spec.window > 1)
          in_window(p, out);
        else
          in_line(p, out);
      }
    }
    return out;
  }
  [[nodiscard]] bool gave_up() const { return gave_up_; }

 private:
  struct One {
    PatternSpec spec;
    pcre::Code code;
    std::optional<std::size_t> cursor;  // in the text of lines_: where the last match of a window ended
    std::size_t after_empty;            // 1 when it was empty
  };
  using Range = std::optional<std::pair<std::size_t, std::size_t>>;

  // In the text of lines_: the first match in [begin, end) from `from` on.
  Range first(const One& one, std::size_t begin, std::size_t end, std::size_t from, bool not_empty) {
    const pcre::MatchData data(pcre2_match_data_create_from_pattern(one.code.get(), nullptr));
    const auto text = std::string(lines_.text().substr(begin, end - begin));
    const int rc = pcre2_match(one.code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from - begin,
                               (not_empty ? PCRE2_NOTEMPTY_ATSTART : 0) | PCRE2_NO_JIT, data.get(), nullptr);
    if (rc < 0 && rc != PCRE2_ERROR_NOMATCH) gave_up_ = true;
    if (rc < 0) return std::nullopt;
    const auto* where = pcre2_get_ovector_pointer(data.get());
    return std::pair(begin + where[0], begin + std::max(where[0], where[1]));
  }
  [[nodiscard]] std::size_t line_at(std::size_t offset) const {
    return static_cast<std::size_t>(
        std::ranges::lower_bound(lines_.lines(), offset, {}, [](const CleanLine& line) { return line.end; }) -
        lines_.lines().begin());
  }
  void add(std::uint32_t pattern, std::size_t begin, std::size_t end, std::vector<Seen>& out) const {
    const auto raw = [&](std::size_t at) { return lines_.raw_at(line_at(at), static_cast<std::uint32_t>(at)); };
    // Behind a \n stands the next line's first byte.
    const bool newline = end > begin && lines_.text()[end - 1] == '\n';
    const auto raw_end = newline ? lines_.lines()[line_at(end)].raw : end > begin ? raw(end - 1) + 1 : raw(end);
    out.push_back({lines_.lines().size() - 1, pattern, raw(begin), raw_end});
  }
  void in_line(std::uint32_t pattern, std::vector<Seen>& out) {
    const auto& one = patterns_[pattern];
    const auto last = lines_.lines().size() - 1;
    std::size_t begin = lines_.begin(last);
    if (one.spec.after_stamps) begin += time_stamps_length(lines_.line(last));
    auto from = begin;
    bool after_empty = false;
    while (const auto found = first(one, begin, lines_.lines()[last].end, from, after_empty)) {
      add(pattern, found->first, found->second, out);
      from = found->second;
      after_empty = found->first == found->second;
    }
  }
  void in_window(std::uint32_t pattern, std::vector<Seen>& out) {
    auto& one = patterns_[pattern];
    const auto last = lines_.lines().size() - 1;
    const std::size_t end = lines_.lines()[last].end;
    for (;;) {
      auto line = last + 1 > one.spec.window ? last + 1 - one.spec.window : 0;
      if (one.cursor) line = std::max(line, line_at(*one.cursor));
      while (line < last && end - lines_.begin(line) > max_line_bytes) ++line;
      const std::size_t begin = lines_.begin(line);
      const auto from = std::max(begin, one.cursor.value_or(0));
      const auto found = first(one, begin, end, from, from == one.cursor && one.after_empty == 1);
      if (!found) return;
      add(pattern, found->first, found->second, out);
      one.cursor = found->second;
      one.after_empty = found->first == found->second ? 1 : 0;
    }
  }

  std::vector<One> patterns_;
  CleanBlock lines_;  // all of them
  bool gave_up_ = false;
};

/// What the matcher finds in `bytes`, which come in pieces of the sizes that `next_size` gives.
template <class NextSize>
std::vector<Seen> matches(const Matcher& matcher, std::string_view bytes, NextSize next_size) {
  Cleaner cleaner;
  Scanner scanner;
  MatchWorkspace workspace;
  CleanBlock block;
  std::vector<LineMatch> found;
  std::vector<Seen> out;
  std::uint64_t lines = 0;
  const auto take = [&] {
    found.clear();
    scanner.scan(matcher, block, workspace, found);
    for (const auto& match : found) {
      EXPECT_FALSE(match.gave_up) << matcher.pattern(match.pattern).pattern;
      out.push_back({lines + match.line, match.pattern, match.raw_begin, match.raw_end});
    }
    lines += block.lines().size();
    block.clear();
  };
  for (std::size_t at = 0; at < bytes.size();) {
    const auto size = std::max<std::size_t>(1, next_size());
    cleaner.feed(bytes.substr(at, size), block);
    take();
    at += size;
  }
  cleaner.end(block, bytes.size());
  take();
  return out;
}

inline std::vector<Seen> expected_matches(const std::vector<PatternSpec>& patterns, std::string_view bytes) {
  ScalarCleaner cleaner;
  CleanBlock block;
  cleaner.feed(bytes, block);
  cleaner.end(block, bytes.size());
  MatchOracle oracle(patterns);
  return oracle.find(block);
}

}  // namespace hilltop::boards::test
