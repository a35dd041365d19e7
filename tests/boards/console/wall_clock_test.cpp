// SPDX-License-Identifier: Apache-2.0
#include "boards/console/wall_clock.hpp"

#include <gtest/gtest.h>

#include "tests/boards/console/set_clock.hpp"

namespace hilltop::boards {
namespace {

using namespace std::chrono_literals;
using test::SetClock;

TEST(SteadyUtc, runs_with_the_monotonic_clock) {
  const auto clock = std::make_shared<SetClock>();
  const SteadyUtc utc(clock);
  const auto begun = utc.now();
  EXPECT_EQ(begun, clock->utc());
  clock->pass(1500us);
  EXPECT_EQ(utc.now() - begun, 1500us);
}

TEST(SteadyUtc, never_goes_back_and_says_by_how_much_the_clock_did) {
  const auto clock = std::make_shared<SetClock>();
  SteadyUtc utc(clock);
  const auto before = utc.now();
  clock->set_back(1h);
  EXPECT_EQ(utc.follow(), 1h);
  EXPECT_EQ(utc.now(), before);
  clock->pass(1s);
  EXPECT_EQ(utc.follow(), std::nullopt);
  EXPECT_EQ(utc.now(), before + 1s);
  clock->set_back(-30min);  // half of it forward again: still behind
  EXPECT_EQ(utc.follow(), std::nullopt);
  EXPECT_EQ(utc.now(), before + 1s);
}

TEST(SteadyUtc, follows_the_clock_forward) {
  const auto clock = std::make_shared<SetClock>();
  SteadyUtc utc(clock);
  clock->set_back(-1h);
  EXPECT_EQ(utc.follow(), std::nullopt);
  EXPECT_EQ(utc.now(), clock->utc());
}

TEST(SteadyUtc, small_corrections_are_no_steps) {
  const auto clock = std::make_shared<SetClock>();
  SteadyUtc utc(clock);
  const auto before = utc.now();
  clock->set_back(99ms);
  EXPECT_EQ(utc.follow(), std::nullopt);
  EXPECT_EQ(utc.now(), before);
}

TEST(SteadyUtc, the_real_clock_is_now) {
  const SteadyUtc utc(std::make_shared<WallClock>());
  const auto distance = utc.now() - utc_now();
  EXPECT_LT(distance, 1s);
  EXPECT_GT(distance, -1s);
}

}  // namespace
}  // namespace hilltop::boards
