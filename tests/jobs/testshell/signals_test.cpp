// SPDX-License-Identifier: Apache-2.0
#include "jobs/testshell/signals.hpp"

#include <gmock/gmock.h>

#include <random>
#include <vector>

#include "jobs/testshell/shell_event.hpp"

namespace hilltop::jobs::testshell {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = ShellEvent::Kind;

std::vector<Signal> scan(std::string_view text, std::size_t chunk = 1 << 20) {
  std::vector<Signal> out;
  SignalScanner scanner([&](const Signal& signal) { out.push_back(signal); });
  for (std::size_t at = 0; at < text.size(); at += chunk) scanner.feed(text.substr(at, chunk));
  scanner.finish();
  return out;
}

std::vector<std::string> said(std::string_view text) {
  std::vector<std::string> out;
  for (const auto& one : scan(text))
    out.push_back((one.kind == Signal::Kind::broken ? "BROKEN" : one.name) + "|" + one.text);
  return out;
}

TEST(Signals, AreFoundAnywhereAndSeveralOnALine) {
  EXPECT_THAT(said("noise <LAVA_SIGNAL_STARTTC a> x <LAVA_SIGNAL_TESTCASE TEST_CASE_ID=a "
                   "RESULT=pass>\r\n<LAVA_TEST_RUNNER EXIT>"),
              ElementsAre("STARTTC|a", "TESTCASE|TEST_CASE_ID=a RESULT=pass", "EXIT|"));
  const auto found = scan("ab<LAVA_SIGNAL_STARTTC a>c");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].begin, 2U);
  EXPECT_EQ(found[0].end, 25U);
}

TEST(Signals, AKernelMessageWithinOneIsTakenOut) {
  EXPECT_THAT(said("<LAVA_SIGNAL_TESTCASE TEST_C[   12.345678] usb 1-1: new device -> 3\r\nASE_ID=a RESULT=pass>\r\n"),
              ElementsAre("TESTCASE|TEST_CASE_ID=a RESULT=pass"));
  EXPECT_THAT(said("<LAVA_SIG[    0.000001] a\r\n[  100.000002][   T17] b\r\nNAL_STARTTC x[ 1.5>"),
              ElementsAre("STARTTC|x[ 1.5"));
  EXPECT_THAT(said("<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=a[0] RESULT=pass>"),
              ElementsAre("TESTCASE|TEST_CASE_ID=a[0] RESULT=pass"));
}

TEST(Signals, InKernelMessagesAreFoundAlsoWithinAnother) {
  EXPECT_THAT(said("[   12.345678] <LAVA_SIGNAL_STARTTC k>\r\n"), ElementsAre("STARTTC|k"));
  EXPECT_THAT(said("<LAVA_SIGNAL_STARTTC u[   12.345678] <LAVA_SIGNAL_STARTTC k>\r\n1>"),
              ElementsAre("STARTTC|k", "STARTTC|u1"));
}

TEST(Signals, ATextThatOnlyLooksLikeAKernelMessageIsGivenBack) {
  EXPECT_THAT(said("<LAVA_SIGNAL_TESTEVENT at [   12.345678] done>\r\n<LAVA_SIGNAL_STARTTC b>\r\n"),
              ElementsAre("TESTEVENT|at [   12.345678] done", "STARTTC|b"));
}

TEST(Signals, WhatAShellShowsOfItsCommandsIsNone) {
  EXPECT_THAT(said("+ echo '<LAVA_SIGNAL_STARTTC a>'\r\n<LAVA_SIGNAL_STARTTC a>\r\n"), ElementsAre("STARTTC|a"));
  EXPECT_THAT(said("++ echo <LAVA_SIGNAL_STARTTC a> <LAVA_SIGNAL_STARTTC b>\r\n<LAVA_SIGNAL_STARTTC a>\n"),
              ElementsAre("STARTTC|a"));
  EXPECT_THAT(said("+ ec[    1.000000] x\r\nho '<LAVA_SIGNAL_STARTTC a>'\r\n"), IsEmpty());
  EXPECT_THAT(said("+ printf <LAVA_SIGNAL_STARTTC a[    1.000000] x\\nb>\r\n<LAVA_SIGNAL_STARTTC c>"),
              ElementsAre("STARTTC|c"));
  EXPECT_THAT(said("++<LAVA_SIGNAL_STARTTC a>"), ElementsAre("STARTTC|a"));
  EXPECT_THAT(said("done+ echo '<LAVA_SIGNAL_STARTTC a>'\r\n"), IsEmpty());
  EXPECT_THAT(said("1 + 1 is 2 <LAVA_SIGNAL_STARTTC a>\n+1 <LAVA_SIGNAL_STARTTC b>"),
              ElementsAre("STARTTC|a", "STARTTC|b"));
}

TEST(Signals, WhatIsCutOffIsBrokenAndNeverDropped) {
  EXPECT_THAT(said("<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=a <LAVA_SIGNAL_STARTTC b>"),
              ElementsAre("BROKEN|<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=a", "STARTTC|b"));
  EXPECT_THAT(said("<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=a"), ElementsAre("BROKEN|<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=a"));
  EXPECT_THAT(said("<LAVA_SIGNAL_TESTCASE x\n1\n2\n3\n4\n5\n6>"), ElementsAre(HasSubstr("BROKEN|")));
  EXPECT_THAT(said("<LAVA_SIGNAL_TESTCASE>"), ElementsAre("BROKEN|<LAVA_SIGNAL_TESTCASE>"));
  EXPECT_THAT(said("<LAVA_SIGNAL_TESTCASE " + std::string(20'000, 'x')), ElementsAre(HasSubstr("BROKEN|")));
  EXPECT_THAT(said("printf '<LAVA_%s %s>' <LAVA <LAVA_MULTI_NODE> <LAVA_SIGN>"), IsEmpty());
}

TEST(Signals, AreTheSameAtAnyChunkSize) {
  const std::vector<std::string> pieces = {"<LAVA_SIGNAL_TESTCASE ",
                                           "TEST_CASE_ID=a RESULT=pass",
                                           ">",
                                           "\r\n",
                                           "<",
                                           "[",
                                           "[   12.345678] usb\r\n",
                                           "+ echo '",
                                           "<LAVA_SIGNAL_STARTTC b>",
                                           " ",
                                           "[ 1",
                                           "<LAVA_TEST_RUNNER EXIT>",
                                           "x",
                                           "\n",
                                           "2.345678]",
                                           "<LAVA_SIG"};
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (int i = 0; i < 20; ++i) text += pieces[random() % pieces.size()];
    const auto whole = scan(text);
    for (const std::size_t chunk : {1, 2, 3, 7, 16}) ASSERT_EQ(scan(text, chunk), whole) << text;
  }
}

ShellEvent event(std::string_view text) {
  const auto found = scan(text);
  return found.size() == 1 ? interpret(found[0]) : ShellEvent{};
}

TEST(ShellEvents, ATestCaseHasItsFields) {
  const auto e = event("<LAVA_SIGNAL_TESTCASE test_case_id=a/b RESULT=FAIL UNITS=ms MEASUREMENT=1.5e3 SEQ=7>");
  EXPECT_EQ(e.kind, Kind::case_reported) << e.text;
  EXPECT_EQ(e.id, "a/b");
  EXPECT_EQ(e.result, CaseResult::fail);
  EXPECT_DOUBLE_EQ(e.measurement.value_or(0), 1500);
  EXPECT_EQ(e.units, "ms");
  EXPECT_EQ(e.number, 7U);
}

TEST(ShellEvents, EveryMalformedResultIsSaid) {
  for (const char* text :
       {"<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=a RESULT=passed>", "<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=a>",
        "<LAVA_SIGNAL_TESTCASE RESULT=pass>", "<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=a b RESULT=pass>",
        "<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=a RESULT=pass MEASUREMENT=fast>",
        "<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=a RESULT=pass MEASUREMENT=nan>", "<LAVA_SIGNAL_TESTSET START a b>",
        "<LAVA_SIGNAL_TESTREFERENCE a pass>", "<LAVA_SIGNAL_STARTRUN a>", "<LAVA_SIGNAL_TESTCASE",
        "<LAVA_TEST_RUNNER RAN x>"})
    EXPECT_EQ(event(text).kind, Kind::malformed) << text;
}

TEST(ShellEvents, TheOthersAreKnown) {
  EXPECT_EQ(event("<LAVA_SIGNAL_ENDRUN 0_a 42_1.1 RESULTS=3>").number, 3U);
  EXPECT_EQ(event("<LAVA_SIGNAL_TESTSET START net>").id, "net");
  EXPECT_EQ(event("<LAVA_SIGNAL_TESTSET STOP>").kind, Kind::set_stopped);
  EXPECT_EQ(event("<LAVA_SIGNAL_TESTREFERENCE a fail https://x/1>").text, "https://x/1");
  EXPECT_EQ(event("<LAVA_SIGNAL_TESTRAISE no disk>").kind, Kind::raised);
  EXPECT_EQ(event("<LAVA_SIGNAL_RETRUNCODE 0>").kind, Kind::unknown);
  EXPECT_EQ(event("<LAVA_TEST_RUNNER RAN 0_a 3>").status, 3);
  EXPECT_EQ(event("<LAVA_TEST_RUNNER INSTALL_FAIL>").kind, Kind::install_failed);
}

}  // namespace
}  // namespace hilltop::jobs::testshell
