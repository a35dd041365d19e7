// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "boards/console/match/line_splitter.hpp"
#include "boards/console/match/pattern_set.hpp"
#include "jobs/testshell/shell_event.hpp"

namespace hilltop::jobs::testshell {

/// How a suite's own output says results: `parse:` of its definition.
struct OutputPattern {
  boards::PatternSet pattern;  ///< one, multi-line
  std::map<std::string, CaseResult> fixupdict;
};

/// Errors: bad_input (job).
[[nodiscard]] Result<OutputPattern> output_pattern(const TestScript& script);

/// Reads a console while test definitions run: signals, and what a definition's pattern finds in the lines between its
/// STARTRUN and ENDRUN (whole lines; without those that only show what the shell runs, or hold signals; a line that a
/// kernel message tore is put together again). Pure: the same events at any size of chunks.
class SuiteReader {
 public:
  /// `patterns` by the suite's id; suites without one are not in it. The next byte is at `offset`.
  SuiteReader(std::map<std::string, OutputPattern> patterns, std::uint64_t offset);
  SuiteReader(const SuiteReader&) = delete;
  SuiteReader& operator=(const SuiteReader&) = delete;

  /// Events in the order of the console. Errors: bad_input (job) for a pattern that costs too much.
  [[nodiscard]] Result<std::vector<ShellEvent>> feed(std::string_view bytes);
  [[nodiscard]] Result<std::vector<ShellEvent>> finish();

 private:
  void take_signal(const Signal& signal);
  void take_line(std::string_view line, std::uint64_t offset);
  bool mend(std::string_view line, std::uint64_t offset);
  void search();
  void add_match(const std::map<std::string, std::string>& groups, std::string_view text, std::uint64_t at);

  std::map<std::string, OutputPattern> patterns_;
  const OutputPattern* current_ = nullptr;
  SignalScanner scanner_;
  boards::LineSplitter lines_;
  std::string torn_;  // what stood in a line before the kernel wrote into it
  std::uint64_t torn_at_ = 0;
  std::string text_;  // lines that no match has consumed
  boards::PatternSet::Progress searched_;
  std::vector<std::pair<std::size_t, std::uint64_t>> places_;  // where in text_ a line begins, and its offset
  std::vector<ShellEvent> events_;
  Result<> failed_ = ok();
};

}  // namespace hilltop::jobs::testshell
