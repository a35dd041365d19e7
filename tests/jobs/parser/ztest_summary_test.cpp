// SPDX-License-Identifier: Apache-2.0
#include "jobs/parser/ztest_summary.hpp"

#include <gtest/gtest.h>

namespace hilltop::jobs {
namespace {

ZtestSummary summary_of(std::initializer_list<std::string_view> lines) {
  ZtestSummary out;
  for (const auto line : lines)
    if (auto parsed = parse_ztest_line(line)) out.add(*parsed);
  return out;
}

TEST(ZtestSummary, ReadsASuiteLine) {
  const auto line = parse_ztest_line(
      "SUITE PASS - 100.00% [framework_tests]: pass = 4, fail = 0, skip = 1, total = 5 duration = 0.003 seconds");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->kind, ZtestLine::Kind::suite_summary);
  EXPECT_EQ(line->name, "framework_tests");
  EXPECT_EQ(line->pass, 4U);
  EXPECT_EQ(line->skip, 1U);
  EXPECT_EQ(line->total, 5U);
}

TEST(ZtestSummary, OtherLinesAreNone) {
  for (const auto* line : {"", "SUITE PASS", "SUITE PASS - 100.00% [x]: pass = many", " PASS - test_a in 0.1 seconds"})
    EXPECT_FALSE(parse_ztest_line(line)) << line;
}

TEST(ZtestSummary, AgreesWithWhatWasSeen) {
  const auto summary =
      summary_of({"SUITE PASS - 100.00% [x]: pass = 2, fail = 0, skip = 0, total = 2", "PROJECT EXECUTION SUCCESSFUL"});
  EXPECT_FALSE(summary.disagreement({2, 0, 0, {}}));
  EXPECT_FALSE(summary.says_failed());
}

TEST(ZtestSummary, AMissingCaseDisagrees) {
  const auto summary = summary_of({"SUITE PASS - 100.00% [x]: pass = 3, fail = 0, skip = 0, total = 3"});
  EXPECT_TRUE(summary.disagreement({2, 0, 0, {}}));
}

TEST(ZtestSummary, AFailureThatWasNotSeenDisagrees) {
  EXPECT_TRUE(summary_of({"PROJECT EXECUTION FAILED"}).disagreement({4, 0, 0, {}}));
  EXPECT_TRUE(
      summary_of({"SUITE FAIL - 50.00% [x]: pass = 1, fail = 1, skip = 0, total = 2"}).disagreement({2, 0, 0, {}}));
}

TEST(ZtestSummary, AFailureThatWasSeenAgrees) {
  const auto summary =
      summary_of({"SUITE FAIL - 50.00% [x]: pass = 1, fail = 1, skip = 0, total = 2", "PROJECT EXECUTION FAILED"});
  EXPECT_FALSE(summary.disagreement({1, 1, 0, {}}));
  EXPECT_TRUE(summary.says_failed());
}

TEST(ZtestSummary, ASuiteThatRanBeforeDoesNotCount) {
  const auto summary =
      summary_of({"Running TESTSUITE y", "SUITE PASS - 100.00% [x]: pass = 9, fail = 0, skip = 0, total = 9",
                  "SUITE PASS - 100.00% [y]: pass = 1, fail = 0, skip = 0, total = 1"});
  EXPECT_FALSE(summary.disagreement({1, 0, 0, {}}));
}

TEST(ZtestSummary, AStartedCaseNeedsAResult) {
  const auto summary = summary_of({"START - test_a", "START - test_b"});
  EXPECT_TRUE(summary.disagreement({1, 0, 0, {"test_a"}}));
  EXPECT_FALSE(summary.disagreement({2, 0, 0, {"test_a", "test_b"}}));
  EXPECT_FALSE(summary.disagreement({1, 0, 0, {"other"}}));
}

}  // namespace
}  // namespace hilltop::jobs
