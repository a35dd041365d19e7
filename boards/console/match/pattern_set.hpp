// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/result.hpp"

namespace hilltop::boards {

/// Python `re` patterns with DOTALL, compiled once (PCRE2, JIT where the machine has it, match limits set).
/// They mean what a Python bytes pattern means: \w, \d and \s are ASCII, "." is one byte, \xhh is that byte. A
/// character beyond ASCII and \uXXXX stand for its UTF-8 bytes as one unit, also in [...]; in [^...] and in ranges they
/// are refused. What Python's `re` does not know is refused, though PCRE2 knows it. Thread: immutable, any. Source:
/// Python 3.11 `re` documentation; pexpect `expect`: the first match by position wins, then list order.
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
  /// The first hit in `text` by position, then by list order. Errors: bad_input (job) when a pattern exceeds its match
  /// limit.
  [[nodiscard]] Result<std::optional<Hit>> search(std::string_view text) const;

  /// Where a match of each pattern may still begin, in a text that grows at its end: what lies before need not be
  /// searched again. Empty: everywhere.
  using Progress = std::vector<std::size_t>;
  /// The same, without searching what `progress` rules out; `progress` moves on when there is no hit.
  [[nodiscard]] Result<std::optional<Hit>> search(std::string_view text, Progress& progress) const;
  /// Whether both are the same compiled set.
  [[nodiscard]] bool same_as(const PatternSet& other) const { return compiled_ == other.compiled_; }

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace hilltop::boards
