// SPDX-License-Identifier: Apache-2.0
// The vector loops are compiled for several kinds of processor: each that this machine has gives the same.
#include <gtest/gtest.h>

#define HWY_WANT_AVX3_DL  // as the loops themselves
#include <hwy/targets.h>

#include "tests/boards/console/match/match_oracle.hpp"
#include "tests/boards/console/match/random_console.hpp"

namespace hilltop::boards {
namespace {

class ForEachTarget : public testing::Test {
 protected:
  void TearDown() override { choose(0); }
  static void choose(std::int64_t target) {  // 0: the best again
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().DeInit();
  }
};

TEST_F(ForEachTarget, cleaning_and_matching_give_the_same) {
  RandomConsole console(11, 40);
  const auto bytes = console.bytes(60'000);
  std::vector<PatternSpec> patterns;
  for (const auto* pattern :
       {"Kernel panic - not syncing", "BUG: ", "^\\[ +\\d+\\.\\d+\\] usb", "(?i)WARNING: cpu: \\d", "root@board-\\d+",
        "login: $", "<LAVA_SIGNAL_(\\S+) ", "\\d\\d=> ", "x{3}"})
    patterns.push_back({.pattern = pattern});
  for (int i = 0; i < 100; ++i) patterns.push_back({.pattern = "board-" + std::to_string(i) + ":~# "});
  const auto matcher = Matcher::compile(patterns).value();
  const auto expected = test::expected_matches(patterns, bytes);
  ASSERT_GT(expected.size(), 300U);
  int targets = 0;
  for (auto left = hwy::SupportedTargets() & HWY_TARGETS; left != 0; left &= left - 1, ++targets) {
    const auto target = left & -left;
    choose(target);
    for (const std::size_t chunk : {61UL, 4'096UL})
      EXPECT_EQ(test::matches(*matcher, bytes, [&] { return chunk; }), expected)
          << hwy::TargetName(target) << " " << chunk;
    choose(0);
  }
  EXPECT_GT(targets, 0);
}

}  // namespace
}  // namespace hilltop::boards
