// SPDX-License-Identifier: Apache-2.0
#include "boards/console/demux/zephyr.hpp"

#include <gtest/gtest.h>

#include "tests/boards/console/demux/invariance.hpp"

namespace hilltop::boards::demux {
namespace {

TEST(ZephyrDecoder, ALogLineAnywhereInAShellsLineLeavesItWhole) {
  const std::string line = "START - test_irq [1] <x> --- y\r\n";
  for (const std::string& log :
       {std::string("[00:00:01.234,000] <inf> net: up\r\n"),
        std::string("[00:00:01.234,000] \x1b[1;31m<err> os: x\x1b[0m\r\n"), std::string("[00012345] <wrn> a.b: y\r\n"),
        std::string("[    1.234567] <dbg> m: z\n"), std::string("<inf> plain: no stamp\n"),
        std::string("--- 12 messages dropped ---\r\n")})
    for (std::size_t at = 0; at <= line.size(); ++at) {
      const auto out = demuxed("zephyr", line.substr(0, at) + log + line.substr(at));
      EXPECT_EQ(stream(out, "shell"), line) << log << at;
      EXPECT_EQ(stream(out, "log"), log) << log << at;
    }
}

TEST(ZephyrDecoder, AShellThatIsRedrawnAroundALogLineKeepsItsPrompt) {
  const std::string prompt = "\x1b[1;32muart:~$ \x1b[m";
  const std::string log = "[00:00:02.000,000] \x1b[0m<inf> app: tick\x1b[0m\r\n";
  const auto out = demuxed("zephyr", prompt + "kern\x1b[12D\x1b[J" + log + prompt + "kern");
  EXPECT_EQ(stream(out, "log"), log);
  EXPECT_EQ(stream(out, "shell"), prompt + "kern\x1b[12D\x1b[J" + prompt + "kern");
}

TEST(ZephyrDecoder, TheLinesOfAHexdumpBelongToTheLog) {
  const std::string log = "[00:00:02.000,000] <inf> app: data\r\n" + std::string(28, ' ') + "01 02 |..\r\n" +
                          std::string(28, ' ') + "03 |.\r\n";
  const auto out = demuxed("zephyr", log + "   three\r\nuart:~$ ");
  EXPECT_EQ(stream(out, "log"), log);
  EXPECT_EQ(stream(out, "shell"), "   three\r\nuart:~$ ");
}

TEST(ZephyrDecoder, WhatLooksAlmostLikeALogLineStaysInTheShell) {
  const std::string text = "[00:00:01] <abc> x\n<info> x\n--- x\n------\n[1] <inf>x\n - PASS - [a.b] d\n[<inf\n";
  const auto out = demuxed("zephyr", text);
  EXPECT_EQ(stream(out, "shell"), text);
}

TEST(ZephyrDecoder, TheFieldsOfALineAreRead) {
  const auto line = parse_log_line("[00:00:01.234,000] \x1b[1;31m<err> net_if: no link: 5\x1b[0m");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->stamp, "00:00:01.234,000");
  EXPECT_EQ(line->level, "err");
  EXPECT_EQ(line->module, "net_if");
  EXPECT_EQ(line->text, "no link: 5\x1b[0m");
  EXPECT_EQ(parse_log_line("<wrn> just a text: x")->module, "");
  EXPECT_FALSE(parse_log_line("uart:~$ "));
}

}  // namespace
}  // namespace hilltop::boards::demux
