// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "boards/console/console.hpp"
#include "boards/console/match/pattern_set.hpp"
#include "drivers/core/task.hpp"

namespace hilltop::boards {

/// Where one of several patterns was found.
struct Match {
  std::size_t pattern = 0;  ///< index into the set
  std::uint64_t begin = 0;  ///< offsets in the console
  std::uint64_t end = 0;
  std::string text;                           ///< what matched
  std::string before;                         ///< what stood before it since the last match (at most the window)
  std::map<std::string, std::string> groups;  ///< the named groups that took part
};

/// A cursor over a console that finds patterns as pexpect does: anywhere in the stream since the last match, across
/// lines, within the last `window` bytes; neither misses nor doubles a match. Where it falls out of the console's
/// memory it reads on from the transcript. Thread: of the coroutine that uses it; one call at a time.
class Expect {
 public:
  Expect(std::shared_ptr<Console> console, std::uint64_t from, std::size_t window = 64 * 1024);

  /// The next match. Bytes before its end are consumed. An empty pattern matches at once.
  /// Errors: timeout (dut), canceled, those of Console::read and PatternSet::search; when the board is down only after
  /// all that it said was searched. Nothing is consumed then.
  Task<Match> expect(PatternSet patterns, Deadline deadline);

  /// Reads until the line is quiet for `quiet` or `deadline` passes, and consumes it: what stood there (its last 1
  /// MiB). Errors: canceled. A board that is down is quiet.
  Task<std::string> drain(std::chrono::milliseconds quiet, Deadline deadline);

  /// Consumes up to `offset`: a match must begin after it. Going back is not possible.
  void skip_to(std::uint64_t offset);
  /// The offset of the first byte not yet consumed (nor fallen out of the window).
  [[nodiscard]] std::uint64_t position() const;
  /// Whether any byte came since this cursor was made: tells silence from the wrong words.
  [[nodiscard]] bool heard_anything() const;
  /// The last bytes not yet consumed, for messages: control characters as \n, \xHH.
  [[nodiscard]] std::string tail(std::size_t max = 200) const;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace hilltop::boards
