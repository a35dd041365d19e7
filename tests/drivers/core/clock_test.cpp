// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/clock.hpp"

#include <gtest/gtest.h>

#include "drivers/core/deadline.hpp"

namespace hilltop {
namespace {

UtcTime at_micros(std::int64_t micros) { return UtcTime(std::chrono::microseconds(micros)); }

TEST(Clock, WritesAndReadsRfc3339) {
  EXPECT_EQ(to_rfc3339(at_micros(0)), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(to_rfc3339(at_micros(1'709'164'799'000'001)), "2024-02-28T23:59:59.000001Z");
  for (const std::int64_t micros : {0LL, 1LL, 951'782'400'000'000LL, 4'102'444'799'999'999LL, -1LL})
    EXPECT_EQ(from_rfc3339(to_rfc3339(at_micros(micros))), at_micros(micros)) << micros;
  EXPECT_EQ(from_rfc3339("1970-01-01T00:00:01Z"), at_micros(1'000'000));
  EXPECT_EQ(from_rfc3339("1970-01-01T00:00:01.5Z"), at_micros(1'500'000));
}

TEST(Clock, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "now", "2024-02-30T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00",
        "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00.xZ", "2024-01-01T00:00:00+01:00", "2024-01-01 00:00:00Z"})
    EXPECT_EQ(from_rfc3339(text), std::nullopt) << text;
}

TEST(Clock, WritesDurationsForPeople) {
  EXPECT_EQ(to_human(300ms), "0.3 s");
  EXPECT_EQ(to_human(90s), "90 s");
  EXPECT_EQ(to_human(5min), "5 min");
  EXPECT_EQ(to_human(2h + 10min), "2 h 10 min");
  EXPECT_EQ(to_human(72h), "3 d 0 h");
}

TEST(Clock, ReadsDurationsThatPeopleWrite) {
  EXPECT_EQ(duration_from("30s"), 30s);
  EXPECT_EQ(duration_from("1h30m"), 90min);
  EXPECT_EQ(duration_from("1d"), 24h);
  for (const char* text : {"", "5", "m", "-5s", "5 s", "5x", "1.5h", "99999999999999999999s"})
    EXPECT_EQ(duration_from(text), std::nullopt) << text;
}

TEST(Deadline, IsOnlyEverShortened) {
  const auto never = Deadline::never();
  EXPECT_TRUE(never.is_never());
  EXPECT_FALSE(never.passed());
  EXPECT_FALSE(never.at_most(1h).is_never());
  const auto soon = Deadline::after(1ms);
  EXPECT_EQ(soon.at_most(1h).when(), soon.when());
  EXPECT_EQ(never.earliest(soon).when(), soon.when());
  EXPECT_EQ(soon.earliest(never).when(), soon.when());
}

TEST(Deadline, HasNoTimeLeftOnceItPassed) {
  const auto passed = Deadline::after(-1s);
  EXPECT_TRUE(passed.passed());
  EXPECT_EQ(passed.left(), Deadline::Clock::duration::zero());
  EXPECT_TRUE(Deadline::after(Deadline::Clock::duration::max()).is_never());
}

}  // namespace
}  // namespace hilltop
