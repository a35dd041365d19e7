// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "boards/console/match/literal_filter.hpp"
#include "boards/console/match/matcher.hpp"
#include "boards/console/match/pcre.hpp"

namespace hilltop::boards {

/// How matches of a pattern are found.
enum class HowToMatch : std::uint8_t {
  never,     // it cannot match within a line
  literal,   // a candidate of the filter is a match
  anchored,  // a match begins at a known distance before a candidate
  search,    // a match holds a candidate
  always     // there is nothing to filter by
};

struct CompiledPattern {
  PatternSpec spec;
  pcre::Code anywhere, anchored;
  HowToMatch how = HowToMatch::always;
  bool jit = false;
  std::uint32_t literal_bytes = 0;
  std::vector<Factor> factors;
};

struct Matcher::Compiled {
  /// Whose factor it is, and how far behind a match's begin it stands.
  struct FactorUse {
    std::uint32_t pattern;
    std::int32_t offset;
  };
  std::vector<CompiledPattern> patterns;
  std::vector<FactorUse> uses;  // by factor of the filter
  LiteralFilter filter;
  std::vector<std::uint32_t> every_line;  // patterns with how == always and a window of 1
  std::vector<std::uint32_t> windowed;    // patterns with a window of more
  std::uint32_t longest_window = 1;
  std::vector<Slow> slow;
  std::uint64_t serial = 0;  // no two matchers have the same
};

struct MatchWorkspace::State {
  struct Hit {
    std::uint32_t pattern;
    std::uint32_t at;  // of the factor, in the block's text
    std::int32_t offset;
    auto operator<=>(const Hit&) const = default;
  };
  State();

  using Clock = std::chrono::steady_clock;

  /// Another matcher: what was given up before does not count.
  void begin_block(const Matcher::Compiled& matcher);
  /// Another pattern or line: what follows has its own limits. False: it was given up too often to try again.
  bool begin_pattern(std::uint32_t pattern);
  void count_give_up(std::uint32_t pattern);
  /// The first match of `pattern` in `text`, from `from` on. Returns 1 (see begin, end), 0 (none) or -1 (gave up).
  /// `anchored`: it begins at `from`. `not_empty`: not an empty one at `from`.
  int match(const CompiledPattern& pattern, std::string_view text, std::size_t from, bool anchored, bool not_empty);
  std::size_t begin = 0, end = 0;  // of the last match, in its text

  std::vector<LiteralFilter::Candidate> candidates;
  std::vector<Hit> hits;

 private:
  int search_long(const CompiledPattern& pattern, std::string_view text, std::size_t from, std::uint32_t options);
  int run(const pcre2_code* code, bool jit, std::string_view text, std::size_t from, std::uint32_t options);

  pcre::MatchData data_;
  pcre::MatchContext context_;
  pcre::JitStack stack_;
  std::uint64_t matcher_ = 0;
  std::vector<std::uint8_t> given_up_;  // by pattern: how often; empty: never
  unsigned calls_ = 0;
  Clock::time_point begun_;
};

struct Scanner::Windows {
  struct Cursor {
    std::uint64_t line = 0;    // number of the line where the next match may begin at the earliest
    std::uint32_t offset = 0;  // in that line
    bool after_empty = false;  // the last match was empty and stood there
    std::uint64_t hit = 0;     // 1 + the number of the last line with a candidate
  };
  std::uint64_t matcher = 0;
  CleanBlock history;            // the last lines
  std::uint64_t first_line = 0;  // number of the history's first line
  std::vector<Cursor> cursors;   // by place in Compiled::windowed
};

/// Finds the matches in one block.
class BlockScan {
 public:
  BlockScan(const Matcher::Compiled& matcher, const CleanBlock& block, MatchWorkspace::State& workspace,
            Scanner::Windows* windows, std::vector<LineMatch>& out)
      : m_(matcher), block_(block), w_(workspace), windows_(windows), out_(out) {}
  void run();

 private:
  using Hit = MatchWorkspace::State::Hit;

  void line_with_hits(std::uint32_t line, std::size_t first, std::size_t last);
  void every_line_patterns(std::uint32_t line);
  void hits_of_pattern(std::uint32_t line, const Hit* first, const Hit* last);
  void literal(std::uint32_t line, const Hit* first, const Hit* last);
  void anchored(std::uint32_t line, const Hit* first, const Hit* last);
  void search(std::uint32_t line, const Hit* first, const Hit* last);
  void window_patterns(std::uint32_t line);
  void window_pattern(std::size_t index, std::uint64_t number, std::uint32_t line);
  void window_match(std::size_t index, std::uint32_t line, std::size_t first, std::uint32_t begin, std::uint32_t end);
  void forget_old_lines();
  [[nodiscard]] std::uint32_t subject_begin(std::uint32_t line, const CompiledPattern& pattern) const;
  [[nodiscard]] std::string_view subject(std::uint32_t line, std::uint32_t begin) const;
  void report(std::uint32_t pattern, std::uint32_t line, std::uint32_t begin, std::uint32_t end);
  void report_gave_up(std::uint32_t pattern, std::uint32_t line);

  const Matcher::Compiled& m_;
  const CleanBlock& block_;
  MatchWorkspace::State& w_;
  Scanner::Windows* windows_;
  std::vector<LineMatch>& out_;
};

}  // namespace hilltop::boards
