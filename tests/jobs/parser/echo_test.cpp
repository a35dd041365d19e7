// SPDX-License-Identifier: Apache-2.0
#include "jobs/parser/echo.hpp"

#include <gtest/gtest.h>

namespace hilltop::jobs {
namespace {

using State = EchoSpan::State;

TEST(Echo, IsFoundWhole) {
  const auto span = find_echo("print(1)", "print(1)\r\n1\r\n>>> ");
  EXPECT_EQ(span.state, State::complete);
  EXPECT_EQ(span.begin, 0U);
  EXPECT_EQ(span.end, 8U);
}

TEST(Echo, IsNoneWhereTheBoardDoesNotEcho) {
  EXPECT_EQ(find_echo("print('hello')", "hello\r\n").state, State::none);
  EXPECT_EQ(find_echo("run tests now", "run 1 of 5 is OK\r\n").state, State::none);
  EXPECT_EQ(find_echo("\x03", "KeyboardInterrupt\r\n").state, State::none);
}

TEST(Echo, OfAShortCommandStandsAlone) {
  EXPECT_EQ(find_echo("y", "Ready\r\n").state, State::none);
  EXPECT_EQ(find_echo("y", "continue? y\r\n").state, State::complete);
  EXPECT_EQ(find_echo("ls", "false\r\n").state, State::none);
}

TEST(Echo, ThatHasBegunIsOpen) {
  EXPECT_EQ(find_echo("print('hello')", "print('hel").state, State::open);
  EXPECT_EQ(find_echo("print('hello')", "pr").state, State::maybe);
  EXPECT_EQ(find_echo("print('hello')", "").state, State::none);
}

TEST(Echo, CutByOtherOutputEndsWithItsLastPiece) {
  const std::string_view text = "check_[00:01] <inf> up\r\nstatus OK\r\nfailed\r\n";
  const auto span = find_echo("check_status OK", text);
  EXPECT_EQ(span.state, State::complete);
  EXPECT_EQ(text.substr(span.end), "\r\nfailed\r\n");
}

TEST(Echo, ThatLostACharacterEndsWithItsLine) {
  const std::string_view text = "echo hello wrld\r\nhello world\r\n";
  const auto span = find_echo("echo hello world", text);
  EXPECT_EQ(span.state, State::open);
  EXPECT_EQ(text.substr(span.end), "\r\nhello world\r\n");
}

}  // namespace
}  // namespace hilltop::jobs
