// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/openocd_tcl.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/drivers/temporary_dir.hpp"
#include "tests/support/tools.hpp"

namespace hilltop::drivers {
namespace {

TEST(OpenOcdTcl, AWordIsTakenAsItIs) {
  EXPECT_EQ(openocd::tcl_word("/a/b-c_1.elf"), "/a/b-c_1.elf");
  EXPECT_EQ(openocd::tcl_word("a b"), "a\\ b");
  EXPECT_EQ(openocd::tcl_word(""), "{}");
}

TEST(OpenOcdTcl, TclItselfReadsWordsAndRequestsAsTheyWereMeant) {
  const tests::TemporaryDir dir;
  const std::vector<std::string> words{"a b", "[exit 3]", "$x;exit", "\"{}\\", "}{", "#no", "l1\nl2", "\t*?", "äß"};
  std::ofstream script(dir.path() / "t.tcl", std::ios::binary);
  script << "fconfigure stdout -encoding binary\n";
  for (std::size_t i = 0; i < words.size(); ++i)
    script << "set f [open w" << i << " wb]; puts -nonewline $f " << openocd::tcl_word(words[i]) << "; close $f\n";
  auto good = openocd::request("format " + openocd::tcl_word("a [b] $c"));
  auto bad = openocd::request("error " + openocd::tcl_word("what a\npity"));
  good.pop_back();
  bad.pop_back();
  script << "set f [open good wb]; puts -nonewline $f [" << good << "]; close $f\n";
  script << "set f [open bad wb]; puts -nonewline $f [" << bad << "]; close $f\n";
  script.close();
  test::sh(dir.path(), "LC_ALL=C tclsh t.tcl");
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] != "äß") EXPECT_EQ(test::read_file(dir.path() / ("w" + std::to_string(i))), words[i]);
  }
  const auto said = openocd::parse_answer(test::read_file(dir.path() / "good"));
  EXPECT_TRUE(said->good);
  EXPECT_EQ(said->text, "a [b] $c");
  const auto refused = openocd::parse_answer(test::read_file(dir.path() / "bad"));
  EXPECT_FALSE(refused->good);
  EXPECT_EQ(refused->text, "what a\npity");
}

TEST(OpenOcdTcl, AnswersAreCutAtAnyChunkSize) {
  const std::string stream = "0\nfirst\x1a-4\n\x1a";
  for (std::size_t size = 1; size <= stream.size(); ++size) {
    openocd::ReplyReader reader;
    std::vector<std::string> got;
    for (std::size_t at = 0; at < stream.size(); at += size) {
      const auto some = reader.feed(std::string_view(stream).substr(at, size));
      ASSERT_TRUE(some);
      got.insert(got.end(), some->begin(), some->end());
    }
    EXPECT_EQ(got, (std::vector<std::string>{"0\nfirst", "-4\n"}));
  }
  EXPECT_FALSE(openocd::parse_answer("-4\n")->good);
  EXPECT_FALSE(openocd::parse_answer("no number\n"));
  EXPECT_FALSE(openocd::parse_answer(""));
}

TEST(OpenOcdTcl, BanksMemoryAndPortsAreRead) {
  const auto banks = openocd::flash_banks(
      "{name stm32f1x.flash driver stm32f1x base 134217728 size 131072 bus_width 0 chip_width 0 target a.cpu} "
      "{name otp driver stm32f1x base 0x1ffff000 size 0 bus_width 0 chip_width 0 target a.cpu}");
  ASSERT_EQ(banks.size(), 2u);
  EXPECT_EQ(banks[0].name, "stm32f1x.flash");
  EXPECT_EQ(banks[0].start, 0x08000000u);
  EXPECT_EQ(banks[0].size, 0x20000u);
  EXPECT_EQ(banks[1].start, 0x1ffff000u);
  EXPECT_TRUE(openocd::flash_banks("").empty());
  EXPECT_EQ(openocd::memory_bytes("0x20002000 0x800002d", 4, 2), std::string("\x00\x20\x00\x20\x2d\x00\x00\x08", 8));
  EXPECT_EQ(openocd::write_memory(0x1002, "abcdefg"),
            (std::vector<std::string>{"write_memory 0x1002 8 {0x61 0x62}", "write_memory 0x1004 32 {0x66656463}",
                                      "write_memory 0x1008 8 {0x67}"}));
  EXPECT_EQ(openocd::write_memory(0x1001, "a"), (std::vector<std::string>{"write_memory 0x1001 8 {0x61}"}));
  EXPECT_EQ(openocd::write_memory(0, std::string(2048, 'x')).size(), 2u);
  EXPECT_TRUE(openocd::write_memory(0, "").empty());
  EXPECT_FALSE(openocd::memory_bytes("0x1", 4, 2));
  EXPECT_FALSE(openocd::memory_bytes("0x1 what", 4, 2));
  const std::string log =
      "Info : Listening on port 41097 for tcl connections\nInfo : telnet server disabled\n"
      "Info : Listening on port 34201 for gdb connections\n";
  EXPECT_EQ(openocd::listening_port(log, "tcl"), 41097);
  EXPECT_EQ(openocd::listening_port(log, "gdb"), 34201);
  EXPECT_FALSE(openocd::listening_port(log, "telnet"));
}

}  // namespace
}  // namespace hilltop::drivers
