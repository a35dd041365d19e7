// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "boards/console/console.hpp"
#include "drivers/core/task.hpp"

namespace hilltop::boards {

/// Where one of several patterns was found.
struct Match {
  std::size_t pattern = 0;    ///< index into the set
  std::uint64_t begin = 0;    ///< offsets in the console
  std::uint64_t end = 0;
  std::string text;           ///< what matched
  std::string before;         ///< what stood before it since the last match (at most the window)
  std::map<std::string, std::string> groups;  ///< the named groups that took part
};

/// Python `re` patterns with DOTALL, compiled once (PCRE2, JIT where the machine has it, match limits set).
/// Thread: immutable, any. Source: Python `re` documentation; pexpect `expect`: the first match by position wins, then list order.
class PatternSet {
 public:
  /// Errors: bad_input (job) with the pattern, what is wrong and where in it.
  static Result<PatternSet> compile(std::vector<std::string> patterns);
  PatternSet();
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] const std::string& pattern(std::size_t index) const;

  struct Hit {
    std::size_t pattern, begin, end;
    std::map<std::string, std::string> groups;
  };
  /// The first hit in `text` by position, then by list order. Errors: bad_input (job) when a pattern exceeds its match limit.
  [[nodiscard]] Result<std::optional<Hit>> search(std::string_view text) const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

/// A cursor over a console that finds patterns as pexpect does: anywhere in the stream since the last match, across lines,
/// within the last `window` bytes; neither misses nor doubles a match.
/// Thread: of the coroutine that uses it.
class Expect {
 public:
  Expect(std::shared_ptr<Console> console, std::uint64_t from, std::size_t window = 64 * 1024);

  /// The next match. Bytes before its end are consumed. An empty pattern matches at once.
  /// Errors: timeout (dut), canceled, those of Console::read and PatternSet::search. Nothing is consumed then.
  Task<Match> expect(PatternSet patterns, Deadline deadline);

  /// Reads until the line is quiet for `quiet` or `deadline` passes, and consumes it: what stood there.
  Task<std::string> drain(std::chrono::milliseconds quiet, Deadline deadline);

  /// Consumes up to `offset`: a match must begin after it.
  void skip_to(std::uint64_t offset);
  [[nodiscard]] std::uint64_t position() const { return position_; }
  /// Whether any byte came since this cursor was made: tells silence from the wrong words.
  [[nodiscard]] bool heard_anything() const { return heard_; }
  /// The last bytes not yet consumed, for messages.
  [[nodiscard]] std::string tail(std::size_t max = 200) const;

 private:
  std::shared_ptr<Console> console_;
  std::uint64_t position_;     // offset of pending_[0]
  std::size_t window_;
  std::string pending_;
  bool heard_ = false;
};

}  // namespace hilltop::boards
