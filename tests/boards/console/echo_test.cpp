// SPDX-License-Identifier: Apache-2.0
#include "boards/console/echo.hpp"

#include <gtest/gtest.h>

#include "boards/console/match/printable.hpp"

namespace hilltop::boards {
namespace {

void expect_echo(std::string_view typed, std::string_view heard, std::size_t intact, std::size_t stranded) {
  const auto echo = find_echo(typed, heard);
  EXPECT_EQ(echo.intact, intact) << heard;
  EXPECT_EQ(echo.stranded, stranded) << heard;
}

TEST(Echo, is_found_whole_and_between_other_output) {
  expect_echo("echo hi", "echo hi", 7, 0);
  expect_echo("echo hi", "# echo hi", 7, 0);
  expect_echo("echo hi", "ec[ 12.3] usb 1-1: new\r\nho hi", 7, 0);
}

TEST(Echo, says_what_was_lost) {
  expect_echo("abcd", "", 0, 0);
  expect_echo("abcd", "ab", 2, 0);
  expect_echo("abcd", "abd", 2, 1);
  expect_echo("abcd", "cd", 0, 2);
}

TEST(Echo, is_checked_for_printable_characters_only) {
  EXPECT_EQ(echoing_prefix("ls -l\n", 16), 5U);
  EXPECT_EQ(echoing_prefix("ls -l\n", 3), 3U);
  EXPECT_EQ(echoing_prefix("\nls", 16), 0U);
  EXPECT_EQ(echoing_prefix("\x03", 16), 0U);
  EXPECT_EQ(echoing_prefix("ü", 16), 0U);
}

TEST(Printable, shows_control_characters_and_broken_text) {
  EXPECT_EQ(printable("a\r\n\t\x1b[1m\xff ü", 100), "a\\r\\n\\t\\x1b[1m\\xff ü");
  EXPECT_EQ(printable("abcdef", 3), "def");
  EXPECT_EQ(printable("\xc3", 10), "\\xc3");
  EXPECT_EQ(printable("\xed\xa0\x80", 10), "\\xed\\xa0\\x80");
}

}  // namespace
}  // namespace hilltop::boards
