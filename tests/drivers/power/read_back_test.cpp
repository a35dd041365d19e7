// SPDX-License-Identifier: Apache-2.0
#include "drivers/power/read_back.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "tests/drivers/run_task.hpp"

namespace hilltop::drivers {
namespace {

Task<> accept(std::vector<bool>* orders, bool on) {
  orders->push_back(on);
  co_return ok();
}

/// Answers one after the other; the last one from then on.
Task<PowerState> next_of(std::vector<PowerState>* answers) {
  const auto now = answers->front();
  if (answers->size() > 1) answers->erase(answers->begin());
  co_return now;
}

struct ReadBack : ::testing::Test {
  Result<> switch_to(PowerState wanted, std::vector<PowerState> says, int ms = 5000) {
    answers = std::move(says);
    return worker.run(switch_and_read_back([this](bool on) { return accept(&orders, on); },
                                           [this] { return next_of(&answers); }, wanted,
                                           Deadline::after(std::chrono::milliseconds(ms))));
  }
  tests::Worker worker;
  std::vector<bool> orders;
  std::vector<PowerState> answers;
};

TEST_F(ReadBack, WaitsForAUnitThatAgreesLater) {
  EXPECT_TRUE(switch_to(PowerState::on, {PowerState::off, PowerState::off, PowerState::on}));
  EXPECT_EQ(orders, std::vector<bool>{true});
}

TEST_F(ReadBack, BelievesAUnitThatCannotSay) {
  EXPECT_TRUE(switch_to(PowerState::off, {PowerState::unknown}));
  EXPECT_EQ(orders, std::vector<bool>{false});
}

TEST_F(ReadBack, AUnitThatStaysAsItWasIsAMismatch) {
  const auto done = switch_to(PowerState::off, {PowerState::on}, 200);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::mismatch);
  EXPECT_EQ(done.error().blame, Blame::infrastructure);
  EXPECT_TRUE(done.error().text.contains("switched off and reads back on")) << done.error().text;
}

}  // namespace
}  // namespace hilltop::drivers
