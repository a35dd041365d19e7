// SPDX-License-Identifier: Apache-2.0
#include "drivers/power/unit_turn.hpp"

#include <gtest/gtest.h>

#include "tests/drivers/run_task.hpp"

namespace hilltop::drivers {
namespace {

Deadline in_ms(int ms) { return Deadline::after(std::chrono::milliseconds(ms)); }

TEST(UnitTurn, IsOneAtATimeForOneUnit) {
  tests::Worker worker;
  auto first = worker.run(take_turn("usb 1-1", in_ms(5000)));
  ASSERT_TRUE(first);
  EXPECT_TRUE(worker.run(take_turn("usb 1-2", in_ms(5000)))) << "another unit";
  const auto second = worker.run(take_turn("usb 1-1", in_ms(50)));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::busy) << second.error().text;
  first->reset();
  EXPECT_TRUE(worker.run(take_turn("usb 1-1", in_ms(50))));
}

TEST(UnitTurn, GoesToOneWhoWaits) {
  tests::Worker worker;
  auto first = worker.run(take_turn("usb 1-1", in_ms(5000)));
  ASSERT_TRUE(first);
  std::optional<Result<UnitTurn>> one;
  std::optional<Result<UnitTurn>> two;
  TaskScope scope(worker.io.get_executor(), "test");
  scope.spawn("one", tests::keep_result(take_turn("usb 1-1", in_ms(5000)), &one));
  scope.spawn("two", tests::keep_result(take_turn("usb 1-1", in_ms(5000)), &two));
  worker.run_until([deadline = in_ms(50)] { return deadline.passed(); });
  EXPECT_FALSE(one || two);
  first->reset();
  ASSERT_TRUE(worker.run_until([&] { return one.has_value() || two.has_value(); }));
  EXPECT_NE(one.has_value(), two.has_value());
  (one ? one : two).reset();
  EXPECT_TRUE(worker.run_until([&] { return scope.running() == 0; })) << "then the other has it";
}

}  // namespace
}  // namespace hilltop::drivers
