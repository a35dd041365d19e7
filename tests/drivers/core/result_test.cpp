// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/result.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace hilltop {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return Error(Errc::bad_input, Blame::job, std::to_string(number) + " is odd");
  return number / 2;
}

Result<int> quarter(int number) {
  HILLTOP_TRY(const int h, half(number));
  HILLTOP_CHECK(half(h));
  return half(h);
}

TEST(Result, HoldsAValueOrAnError) {
  ASSERT_TRUE(half(4));
  EXPECT_EQ(*half(4), 2);
  ASSERT_FALSE(half(3));
  EXPECT_EQ(half(3).error().text, "3 is odd");
}

TEST(Result, AnUnsetOneIsABug) {
  EXPECT_FALSE(Result<int>());
  EXPECT_EQ(Result<int>().error().blame, Blame::bug);
  EXPECT_FALSE(Result<>());
  EXPECT_EQ(Result<>().error().blame, Blame::bug);
}

TEST(Result, MacrosHandErrorsOn) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().text, "3 is odd");
  EXPECT_EQ(quarter(5).error().text, "5 is odd");
}

TEST(Result, MonadicHelpersSkipErrors) {
  EXPECT_EQ(half(8).and_then(half).value(), 2);
  EXPECT_EQ(half(6).and_then(half).error().text, "3 is odd");
  EXPECT_EQ(half(8).transform([](int n) { return std::to_string(n); }).value(), "4");
  EXPECT_EQ(half(3).or_else([](const Error&) { return Result<int>(7); }).value(), 7);
  EXPECT_EQ(half(3).value_or(9), 9);
}

TEST(Result, EachLayerPutsItsPrefixInFront) {
  EXPECT_EQ(half(3).within("outlet 3").within("power on").error().text, "power on: outlet 3: 3 is odd");
  EXPECT_TRUE(half(2).within("x"));
  EXPECT_EQ(Result<>(canceled_error("wait")).within("boot").error().text, "boot: wait: canceled");
}

TEST(Result, CarriesWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(5));
  EXPECT_EQ(**std::move(result), 5);
}

TEST(Error, NamesAreStable) {
  for (const auto blame :
       {Blame::infrastructure, Blame::job, Blame::dut, Blame::configuration, Blame::canceled, Blame::bug})
    EXPECT_EQ(blame_from(to_string(blame)), blame);
  EXPECT_EQ(blame_from("nobody"), Blame::bug);
  EXPECT_EQ(to_string(Errc::bad_input), "bad_input");
  EXPECT_EQ(to_string(Errc::internal), "internal");
}

TEST(Error, SystemErrorsNameWhatFailed) {
  const auto error = system_error("open /dev/ttyUSB0", 13);
  EXPECT_EQ(error.text, "open /dev/ttyUSB0: Permission denied");
  EXPECT_EQ(error.code, Errc::io);
  EXPECT_EQ(error.blame, Blame::infrastructure);
}

}  // namespace
}  // namespace hilltop
