// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/telnet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace hilltop::drivers::telnet {
namespace {

using std::string_literals::operator""s;
using std::string_view_literals::operator""sv;
using testing::ElementsAre;
using testing::IsEmpty;

Policy allowing(std::initializer_list<int> options) {
  Policy out;
  for (const int o : options) {
    out.ours.set(static_cast<std::size_t>(o));
    out.theirs.set(static_cast<std::size_t>(o));
  }
  return out;
}

std::string receive(LineCodec& codec, std::string_view wire, std::size_t chunk = std::string::npos) {
  std::string out;
  for (std::size_t at = 0; at < wire.size(); at += std::min(chunk, wire.size() - at)) {
    std::string piece(wire.substr(at, chunk));
    piece.resize(codec.receive(piece));
    out += piece;
  }
  return out;
}

std::string sent(LineCodec& codec, std::string_view bytes) {
  std::string out;
  codec.send(bytes, out);
  return out;
}

std::string all_bytes() {
  std::string out;
  for (int i = 0; i < 256; ++i) out += static_cast<char>(i);
  return out;
}

Event option(Event::Kind kind, std::uint8_t number, bool on) { return {.kind = kind, .option = number, .on = on}; }

TEST(Telnet, TakesCommandsOutOfTheData) {
  Telnet end(Policy{});
  EXPECT_EQ(receive(end,
                    "a\xff\xf1"
                    "b\xff\xff"
                    "c\xff\xf9"
                    "d"),
            "ab\xff"
            "cd");
  EXPECT_THAT(end.take_events(), ElementsAre(Event{.kind = Event::Kind::command, .command = go_ahead}));
  EXPECT_EQ(end.take_output(), "");
}

TEST(Telnet, RefusesWhatItDoesNotKnowOnceAndIgnoresTheRefusalOfWhatIsOff) {
  Telnet end(Policy{});
  receive(end, "\xff\xfd\x18\xff\xfb\x1f\xff\xfc\x05\xff\xfe\x06");
  EXPECT_EQ(end.take_output(), "\xff\xfc\x18\xff\xfe\x1f");
  EXPECT_THAT(end.take_events(), IsEmpty());
}

TEST(Telnet, AgreesOnceAndAnswersNoRepetition) {
  Telnet end(allowing({echo}));
  receive(end, "\xff\xfd\x01\xff\xfd\x01\xff\xfb\x01");
  EXPECT_EQ(end.take_output(), "\xff\xfb\x01\xff\xfd\x01");
  EXPECT_TRUE(end.ours(echo));
  EXPECT_TRUE(end.theirs(echo));
  receive(end, "\xff\xfe\x01\xff\xfe\x01");
  EXPECT_EQ(end.take_output(), "\xff\xfc\x01");
  EXPECT_FALSE(end.ours(echo));
}

TEST(Telnet, WhatItAskedForIsNotAnsweredAgain) {
  Telnet end(Policy{});
  end.enable_ours(echo);
  end.enable_theirs(binary);
  end.enable_ours(echo);
  EXPECT_EQ(end.take_output(), "\xff\xfb\x01\xff\xfd\0"sv);
  receive(end, "\xff\xfd\x01\xff\xfc\0"sv);
  EXPECT_EQ(end.take_output(), "");
  EXPECT_THAT(end.take_events(),
              ElementsAre(option(Event::Kind::ours, echo, true), option(Event::Kind::theirs, binary, false)));
}

// RFC 1143, section 7: a change of mind while an answer is on its way is queued, not sent.
TEST(Telnet, AChangeOfMindWaitsForTheAnswer) {
  Telnet end(Policy{});
  end.enable_ours(echo);
  end.disable_ours(echo);
  EXPECT_EQ(end.take_output(), "\xff\xfb\x01");
  receive(end, "\xff\xfd\x01");
  EXPECT_EQ(end.take_output(), "\xff\xfc\x01");
  EXPECT_FALSE(end.ours(echo));
  end.enable_ours(echo);
  EXPECT_EQ(end.take_output(), "");
  receive(end, "\xff\xfe\x01");
  EXPECT_EQ(end.take_output(), "\xff\xfb\x01");
  receive(end, "\xff\xfd\x01");
  EXPECT_TRUE(end.ours(echo));
  end.disable_ours(echo);
  receive(end, "\xff\xfd\x01");  // DONT answered by DO: the peer is wrong, and it is off
  EXPECT_FALSE(end.ours(echo));
}

TEST(Telnet, TwoEndsAgreeHoweverTheyCross) {
  Telnet a(allowing({binary, echo}));
  Telnet b(allowing({binary}));
  a.enable_ours(binary);
  a.enable_theirs(echo);
  b.enable_theirs(binary);
  b.enable_ours(binary);
  for (int i = 0; i < 5; ++i) {
    const auto from_a = a.take_output();
    const auto from_b = b.take_output();
    receive(b, from_a);
    receive(a, from_b);
  }
  EXPECT_EQ(a.take_output() + b.take_output(), "");
  EXPECT_TRUE(a.ours(binary) && b.theirs(binary) && a.theirs(binary) && b.ours(binary));
  EXPECT_FALSE(a.theirs(echo) || b.ours(echo));
}

TEST(Telnet, EveryByteComesThroughBeforeAndAfterBinaryIsAgreedOn) {
  Telnet a(allowing({binary}));
  Telnet b(allowing({binary}));
  const auto text = all_bytes() + "\r\n\r\r\0\r"s + all_bytes();
  EXPECT_EQ(receive(b, sent(a, text)), text);
  a.enable_ours(binary);
  receive(b, a.take_output());
  receive(a, b.take_output());
  ASSERT_TRUE(a.ours(binary) && b.theirs(binary));
  EXPECT_EQ(sent(a, "\r\0\r\xff"sv), "\r\0\r\xff\xff"sv);
  EXPECT_EQ(receive(b, sent(a, text)), text);
}

TEST(Telnet, ASubnegotiationIsUnescapedAndOneThatNeverEndsIsDropped) {
  Telnet end(Policy{});
  EXPECT_EQ(receive(end, "x\xff\xfa\x2c\x65\xff\xff\0\xff\xf0y"sv), "xy");
  EXPECT_THAT(end.take_events(),
              ElementsAre(Event{
                  .kind = Event::Kind::subnegotiation, .option = com_port, .payload = std::string("\x65\xff\0"sv)}));
  const auto endless = "\xff\xfa\x2c" + std::string(longest_subnegotiation + 1, 'z') + "\xff\xf0";
  EXPECT_EQ(receive(end, endless + "\xff\xfa\x2c"
                                   "k\xff\xf0"
                                   "back"),
            "back");
  EXPECT_THAT(end.take_events(),
              ElementsAre(Event{.kind = Event::Kind::subnegotiation, .option = com_port, .payload = "k"}));
}

TEST(Telnet, TheSameAtAnyChunkSize) {
  std::mt19937 random(1);
  std::string wire;
  for (int i = 0; i < 20'000; ++i) {
    static constexpr std::uint8_t often[] = {iac, sb, se, will, do_it, wont, dont, '\r', 0, 44, 'a', line_break};
    wire += static_cast<char>(random() % 3 == 0 ? random() : often[random() % std::size(often)]);
  }
  Telnet whole(allowing({binary, com_port}));
  const auto data = receive(whole, wire);
  const auto events = whole.take_events();
  const auto output = whole.take_output();
  EXPECT_GT(events.size(), 50U);
  for (const std::size_t chunk : {1, 2, 7, 64, 300, 4096}) {
    Telnet cut(allowing({binary, com_port}));
    EXPECT_EQ(receive(cut, wire, chunk), data) << chunk;
    EXPECT_EQ(cut.take_events(), events) << chunk;
    EXPECT_EQ(cut.take_output(), output) << chunk;
  }
}

}  // namespace
}  // namespace hilltop::drivers::telnet
