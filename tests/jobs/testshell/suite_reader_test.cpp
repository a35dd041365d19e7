// SPDX-License-Identifier: Apache-2.0
#include "jobs/testshell/suite_reader.hpp"

#include <gmock/gmock.h>

#include <random>

namespace hilltop::jobs::testshell {
namespace {

using ::testing::ElementsAre;
using Kind = ShellEvent::Kind;

std::string text_of(const ShellEvent& event) {
  return std::to_string(static_cast<int>(event.kind)) + " " + event.id + " " + std::string(to_string(event.result)) +
         " " + event.text + " @" + std::to_string(event.begin);
}

std::vector<std::string> read(std::string_view text, std::size_t chunk, std::uint64_t offset = 0) {
  TestScript script;
  script.parse_pattern = "^(?P<test_case_id>\\w+): (?P<result>PASS|FAIL|ODD)$";
  std::map<std::string, OutputPattern> patterns;
  patterns.emplace("0_a", output_pattern(script).value());
  SuiteReader reader(std::move(patterns), offset);
  std::vector<std::string> out;
  const auto take = [&](Result<std::vector<ShellEvent>> events) {
    ASSERT_TRUE(events) << events.error().text;
    for (const auto& event : *events) out.push_back(text_of(event));
  };
  for (std::size_t at = 0; at < text.size(); at += chunk) take(reader.feed(text.substr(at, chunk)));
  take(reader.finish());
  return out;
}

std::string said(Kind kind, const std::string& rest) { return std::to_string(static_cast<int>(kind)) + " " + rest; }

TEST(SuiteReader, ThePatternCountsBetweenStartAndEndOnly) {
  EXPECT_THAT(read("a: PASS\r\n<LAVA_SIGNAL_STARTRUN 0_a u>\r\nb: PASS\r\n+ echo 'c: PASS'\r\nc: FAIL\r\n"
                   "<LAVA_SIGNAL_ENDRUN 0_a u>\r\nd: PASS\r\n",
                   1 << 20, 100),
              ElementsAre(said(Kind::run_started, "0_a unknown  @109"), said(Kind::case_reported, "b pass  @139"),
                          said(Kind::case_reported, "c fail  @166"), said(Kind::run_ended, "0_a unknown  @175")));
}

TEST(SuiteReader, AResultThatCannotBeReadIsSaid) {
  const auto out = read("<LAVA_SIGNAL_STARTRUN 0_a u>\nb: ODD\n", 1);
  ASSERT_EQ(out.size(), 2U);
  EXPECT_TRUE(out[1].starts_with(said(Kind::malformed, ""))) << out[1];
}

TEST(SuiteReader, AKernelMessageWithinAResultLosesNothing) {
  const auto cases = [](const std::string& text) {
    std::vector<std::string> out;
    for (const auto& one : read("<LAVA_SIGNAL_STARTRUN 0_a u>\r\n" + text, 3))
      if (!one.starts_with(said(Kind::run_started, ""))) out.push_back(one.substr(0, one.find(" @")));
    return out;
  };
  const auto passed = said(Kind::case_reported, "beta pass ");
  EXPECT_THAT(cases("beta: PA[   12.345678] usb 1-1: new device\r\nSS\r\n"), ElementsAre(passed));
  EXPECT_THAT(cases("be[   12.345678] one\r\n[   12.345679] two\r\nta: PASS\r\n"), ElementsAre(passed));
  EXPECT_THAT(cases("be[   12.345678] one\r\nta: P[   12.345679] two\r\nASS\r\n"), ElementsAre(passed));
  EXPECT_THAT(cases("seen at [   12.345678] by me\r\nbeta: PASS\r\n"), ElementsAre(passed));
  EXPECT_THAT(cases("[   12.345678] alone\r\nbeta: PASS\r\n"), ElementsAre(passed));
}

TEST(SuiteReader, OtherSuitesHaveNoPattern) {
  EXPECT_THAT(read("<LAVA_SIGNAL_STARTRUN 1_b u>\nb: PASS\n", 1),
              ElementsAre(said(Kind::run_started, "1_b unknown  @0")));
}

TEST(SuiteReader, SaysTheSameAtAnyChunkSize) {
  const std::vector<std::string> pieces = {"<LAVA_SIGNAL_STARTRUN 0_a u>",
                                           "<LAVA_SIGNAL_ENDRUN 0_a u>",
                                           "\r\n",
                                           "\r",
                                           "\n",
                                           "one: PASS",
                                           "two: FAIL\r\n",
                                           "three: ODD\n",
                                           "+ echo x: PASS\r\n",
                                           "[    1.000000] usb\r\n",
                                           "si",
                                           "x: PASS\r\n",
                                           "<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=a RESULT=pass>"};
  std::mt19937 random(11);
  for (int round = 0; round < 100; ++round) {
    std::string text = "<LAVA_SIGNAL_STARTRUN 0_a u>\r\n";
    for (int i = 0; i < 20; ++i) text += pieces[random() % pieces.size()];
    const auto whole = read(text, text.size());
    for (const std::size_t chunk : {1, 3, 8}) ASSERT_EQ(read(text, chunk), whole) << text;
  }
}

}  // namespace
}  // namespace hilltop::jobs::testshell
