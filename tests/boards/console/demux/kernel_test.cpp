// SPDX-License-Identifier: Apache-2.0
#include "boards/console/demux/kernel.hpp"

#include <gtest/gtest.h>

#include "tests/boards/console/demux/invariance.hpp"

namespace hilltop::boards::demux {
namespace {

const std::string signal = "<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=usb RESULT=pass>\r\n";
const std::string printk = "[   12.345678] usb 1-1: new high-speed USB device number 2\r\n";

TEST(KernelDecoder, APrintkAnywhereInASignalLeavesTheSameShellLine) {
  for (std::size_t at = 0; at <= signal.size(); ++at) {
    const auto input = "[    1.000000] boot\r\n# " + signal.substr(0, at) + printk + signal.substr(at) + "# ";
    const auto out = demuxed("kernel", input);
    EXPECT_EQ(stream(out, "shell"), "# " + signal + "# ") << at;
    EXPECT_EQ(stream(out, "kernel"), "[    1.000000] boot\r\n" + printk) << at;
  }
}

TEST(KernelDecoder, SeveralMessagesWithLevelsAndCallersAreTakenOutOfOneLine) {
  for (const std::string& message : {std::string("<6>[   12.345678] a\n"), std::string("[   12.345678][    T1] a\n"),
                                     std::string("<14>[   12.345678][   C0] a\n"), std::string("[   12.345678]\n")})
    for (std::size_t at = 0; at <= signal.size(); ++at) {
      const auto out = demuxed("kernel", signal.substr(0, at) + message + message + signal.substr(at));
      EXPECT_EQ(stream(out, "shell"), signal) << message << at;
      EXPECT_EQ(stream(out, "kernel"), message + message) << message << at;
    }
}

TEST(KernelDecoder, WhatLooksAlmostLikeAMessageStaysInTheShell) {
  const std::string text =
      "[  OK  ] Started\r\n[root@host ~]# ls [a-z]\r\n[12.34] no\n[ 1.2345678] no\n[    1.234567]no\n<6> [x]\n[[[   [\n"
      "a[\n<\n<6\n<6>\n";
  const auto out = demuxed("kernel", text);
  EXPECT_EQ(stream(out, "shell"), text);
  EXPECT_EQ(out.size(), 1U);
}

TEST(KernelDecoder, AnOldMessageQuotedInALineIsTheShells) {
  const auto out = demuxed("kernel", "[  100.000000] now\n# [    5.000000] quoted\n# [    6.000000] quoted\n");
  EXPECT_EQ(stream(out, "shell"), "# [    5.000000] quoted\n# [    6.000000] quoted\n");
}

TEST(KernelDecoder, AKernelThatBeginsAgainIsHeardInTheMiddleOfALine) {
  const auto out = demuxed("kernel", "[  100.000000] now\nreboot: bye[    0.000000] Booting Linux\nnew\n");
  EXPECT_EQ(stream(out, "kernel"), "[  100.000000] now\n[    0.000000] Booting Linux\n");
  EXPECT_EQ(stream(out, "shell"), "reboot: byenew\n");
}

TEST(KernelDecoder, AShellsOwnWordsInAngleBracketsStayWithIt) {
  const auto out = demuxed("kernel", "[    1.000000] no level\necho <6>[    2.000000] message\nrest\n");
  EXPECT_EQ(stream(out, "shell"), "echo <6>rest\n");
}

TEST(KernelDecoder, APromptIsHandedOutAtOnceAndAHalfPrefixWhenNothingComes) {
  auto demux = Demux::make({{.name = "kernel"}});
  ASSERT_TRUE(demux);
  Recorder recorder(*demux);
  demux->feed("login: ", 0, recorder);
  EXPECT_EQ(stream(recorder.channels(), "shell"), "login: ");
  demux->feed("[  12", 7, recorder);
  EXPECT_EQ(stream(recorder.channels(), "shell"), "login: ");
  demux->idle(recorder);
  EXPECT_EQ(stream(recorder.channels(), "shell"), "login: [  12");
  demux->feed(".345678] text\n", 12, recorder);
  EXPECT_EQ(stream(recorder.channels(), "shell"), "login: [  12.345678] text\n");
}

TEST(KernelDecoder, TheTimeAndTheLevelOfAMessageAreRead) {
  PrintkPrefix prefix;
  EXPECT_EQ(fit_printk("<12>[  123.000456][   T77] x", prefix), Fit::yes);
  EXPECT_EQ(prefix.time_us, 123'000'456U);
  EXPECT_EQ(prefix.level, 4U);
  EXPECT_EQ(prefix.size, 27U);
  EXPECT_EQ(fit_printk("[12345678901234.000000] x", prefix), Fit::no);
  EXPECT_EQ(fit_printk("[  1", prefix), Fit::more);
}

TEST(KernelDecoder, AFloodOfBracketsCostsNoMemory) {
  ChannelTable channels;
  KernelDecoder decoder(channels);
  struct Count final : PieceSink {
    void on_piece(const Piece& piece) override { bytes += piece.bytes.size(); }
    std::size_t bytes = 0;
  } count;
  const std::string flood(1 << 20, '[');
  Piece piece;
  piece.bytes = flood;
  piece.end = flood.size();
  decoder.feed(piece, count);
  EXPECT_LT(decoder.held(), 64U);
  EXPECT_GT(count.bytes, flood.size() - 64);
}

}  // namespace
}  // namespace hilltop::boards::demux
