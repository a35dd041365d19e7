// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "boards/console/console.hpp"
#include "boards/console/match/rules.hpp"

namespace hilltop::boards {

/// A line of a console that broke a rule.
struct Fault {
  Rule rule;
  std::string line;          ///< as received, without its line end
  std::uint64_t offset = 0;  ///< of its first byte
};

/// Watches a console for lines that break rules: each line once, in order, also those that fell out of memory (they are
/// read from the transcript).
/// Thread: of the coroutine that uses it; one call at a time.
class LineWatch {
 public:
  /// From the console's offset `from` on, which should be the start of a line. Rules below `least` are left out.
  LineWatch(std::shared_ptr<Console> console, std::uint64_t from, RuleSet rules, Severity least = Severity::fault);

  /// The next fault; waits for one. A line counts once it has ended, or when the console ends (goes down, is closed)
  /// after it. Errors: timeout (infrastructure), canceled, those of Console::read.
  Task<Fault> next(Deadline deadline);
  /// All lines before this offset were looked at.
  [[nodiscard]] std::uint64_t position() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace hilltop::boards
