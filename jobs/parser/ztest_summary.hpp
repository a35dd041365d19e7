// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hilltop::jobs {

/// One line of Zephyr's ztest that says something about other lines.
/// Source: Zephyr subsys/testsuite/ztest/src/ztest.c (texts of its messages), seen on Zephyr 3.x consoles.
struct ZtestLine {
  enum class Kind : std::uint8_t {
    suite_running,    ///< "Running TESTSUITE name"
    case_started,     ///< "START - name"
    suite_summary,    ///< "SUITE PASS - 100.00% [name]: pass = 4, fail = 0, skip = 0, total = 4 duration = ..."
    project_passed,   ///< "PROJECT EXECUTION SUCCESSFUL"
    project_failed,   ///< "PROJECT EXECUTION FAILED"
  };
  Kind kind;
  std::string name;
  std::uint64_t pass = 0, fail = 0, skip = 0, total = 0;  ///< of a suite_summary
};

/// Reads one console line; nothing for lines that are not of this kind.
[[nodiscard]] std::optional<ZtestLine> parse_ztest_line(std::string_view line);

/// Holds the counts that a firmware prints against the cases that were seen. A streaming parser: lines go in as they come.
class ZtestSummary {
 public:
  struct Seen {
    std::uint64_t pass = 0, fail = 0, skip = 0;
    std::set<std::string> names;  ///< as printed
  };

  void add(const ZtestLine& line);
  /// Whether a summary was seen at all.
  [[nodiscard]] bool has_summary() const { return !suites_.empty() || project_passed_ || project_failed_; }
  [[nodiscard]] bool says_failed() const;
  /// What disagrees with `seen`, in words; nothing when all agree.
  [[nodiscard]] std::optional<std::string> disagreement(const Seen& seen) const;

 private:
  std::set<std::string> suites_running_;  // begun within what was fed
  std::vector<ZtestLine> suites_;
  std::set<std::string> started_;
  bool project_passed_ = false, project_failed_ = false;
};

}  // namespace hilltop::jobs
