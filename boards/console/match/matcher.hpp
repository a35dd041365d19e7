// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "boards/console/match/clean.hpp"
#include "drivers/core/result.hpp"

namespace hilltop::boards {

/// A pattern to watch for, all the time.
struct PatternSpec {
  std::string pattern;        ///< Python `re` with DOTALL, as PatternSet takes it
  std::uint32_t window = 1;   ///< lines that a match may span: 1 to Matcher::max_window
  bool after_stamps = false;  ///< the text begins behind the line's time stamps ("[   12.345678] "), for ^ and \A
};

/// One match. Offsets are in raw bytes; `line` and [begin, end) say where in the block that was scanned.
struct LineMatch {
  std::uint32_t pattern = 0;  ///< index into the patterns that were compiled
  std::uint32_t line = 0;     ///< the block's line in which it ended
  std::uint32_t begin = 0;    ///< in the block's text; of a match that began before the line: where the line begins
  std::uint32_t end = 0;
  std::uint32_t lines = 1;  ///< that it spans; more than one for patterns with a window only
  /// No match: the pattern costs too much on this line, and was not searched (any further). After 20 such lines it is
  /// not tried again with this workspace.
  bool gave_up = false;
  std::uint64_t raw_begin = 0;
  std::uint64_t raw_end = 0;
};

/// A set of patterns, compiled: a SIMD filter over literals that matches must hold, in front of PCRE2 (JIT, match
/// limits). What it finds is what PCRE2 finds: all matches, left to right, without overlap, each pattern for itself, in
/// each line (a text of its own, without its \n). A pattern with a window is searched when a line ends, in the text of
/// the last `window` lines (joined by \n, 64 KiB at most), from the line on in which its last match ended.
/// Thread: immutable, any; shared by all channels, replaced as a whole.
class Matcher {
 public:
  static constexpr std::uint32_t max_window = 64;

  /// Takes milliseconds (JIT): not for a hot thread. Errors: bad_input (job) with the pattern, what is wrong and where.
  static Result<std::shared_ptr<const Matcher>> compile(std::vector<PatternSpec> patterns);
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] const PatternSpec& pattern(std::size_t index) const;

  /// Patterns without a literal that is rare enough to filter by: PCRE2 runs on each line for them.
  struct Slow {
    std::size_t pattern;
    std::string why;
  };
  [[nodiscard]] const std::vector<Slow>& slow() const;
  /// The literals that the filter looks for on behalf of a pattern, printable; classes as [..]. For reports.
  [[nodiscard]] std::vector<std::string> literals(std::size_t pattern) const;

  struct Compiled;
  [[nodiscard]] const Compiled& compiled() const { return *compiled_; }
  explicit Matcher(std::unique_ptr<const Compiled> compiled);
  ~Matcher();

 private:
  std::unique_ptr<const Compiled> compiled_;
};

/// What scanning needs besides: memory that is reused. One a thread.
class MatchWorkspace {
 public:
  MatchWorkspace();
  MatchWorkspace(MatchWorkspace&&) noexcept;
  MatchWorkspace& operator=(MatchWorkspace&&) noexcept;
  ~MatchWorkspace();
  struct State;
  [[nodiscard]] State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

/// Scans the lines of one channel, in order. Holds nothing but a pointer unless the matcher has patterns with windows.
/// Thread: one at a time.
class Scanner {
 public:
  Scanner();
  Scanner(Scanner&&) noexcept;
  Scanner& operator=(Scanner&&) noexcept;
  ~Scanner();

  /// Appends the matches in `block` to `out`, by line, then pattern, then place. A block per call of some KiB (many
  /// lines) is cheapest. Another matcher than last time begins its windows with this block.
  void scan(const Matcher& matcher, const CleanBlock& block, MatchWorkspace& workspace, std::vector<LineMatch>& out);
  /// The stream has a gap here: no window spans it.
  void restart();

  struct Windows;

 private:
  std::unique_ptr<Windows> windows_;
};

}  // namespace hilltop::boards
