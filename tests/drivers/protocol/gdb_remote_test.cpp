// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/gdb_remote.hpp"

#include <gtest/gtest.h>

#include <random>

namespace hilltop::drivers::gdb {
namespace {

TEST(GdbPacket, HasTheChecksumOfTheManual) {
  EXPECT_EQ(packet("OK"), "$OK#9a");  // "Debugging with GDB", E.1
  EXPECT_EQ(packet(""), "$#00");
}

TEST(GdbPacket, EscapesTheFourBytesThatMeanSomething) {
  EXPECT_EQ(packet("$#}*").substr(0, 9), "$}\x04}\x03}]}\n");
  PacketReader reader;
  auto got = reader.feed(packet("a$#}*b"));
  ASSERT_TRUE(got);
  ASSERT_EQ(got->size(), 1u);
  EXPECT_EQ(got->front().payload, "a$#}*b");
}

TEST(GdbPacketReader, ExpandsRunLengths) {
  PacketReader reader;
  auto got = reader.feed("$0* #7a");  // the manual's example: "0* " is "0000"
  ASSERT_TRUE(got);
  ASSERT_EQ(got->size(), 1u);
  EXPECT_EQ(got->front().kind, Received::Kind::packet);
  EXPECT_EQ(got->front().payload, "0000");
}

TEST(GdbPacketReader, SaysWhichPacketsAreDamaged) {
  for (const auto* bytes : {"$OK#9b", "$OK#zz", "$*!#4b", "$a}#de"}) {
    PacketReader reader;
    auto got = reader.feed(bytes);
    ASSERT_TRUE(got);
    ASSERT_EQ(got->size(), 1u) << bytes;
    EXPECT_EQ(got->front().kind, Received::Kind::damaged) << bytes;
  }
}

TEST(GdbPacketReader, APacketWithoutEndIsAProtocolError) {
  PacketReader reader;
  ASSERT_TRUE(reader.feed("$"));
  const auto got = reader.feed(std::string((1 << 20) + 1, 'x'));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::protocol);
}

/// Whatever is sent, in whatever pieces, arrives as it was.
TEST(GdbPacketReader, TheSameAtAnyChunkSize) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> payloads;
    std::string stream;
    for (unsigned i = 0; i < 1 + random() % 5; ++i) {
      std::string payload;
      for (unsigned n = random() % 40; n > 0; --n) payload += static_cast<char>(random());
      stream += "+" + packet(payload);
      payloads.push_back(payload);
    }
    PacketReader reader;
    std::vector<std::string> got;
    std::size_t acks = 0;
    for (std::size_t at = 0; at < stream.size();) {
      const auto length = std::min<std::size_t>(1 + random() % 7, stream.size() - at);
      auto received = reader.feed(std::string_view(stream).substr(at, length));
      ASSERT_TRUE(received);
      for (auto& one : *received) {
        if (one.kind == Received::Kind::ack) ++acks;
        if (one.kind == Received::Kind::packet) got.push_back(one.payload);
      }
      at += length;
    }
    EXPECT_EQ(got, payloads);
    EXPECT_EQ(acks, payloads.size());
  }
}

TEST(GdbRequests, AreAsTheManualHasThem) {
  EXPECT_EQ(write_memory(0x1000, "\x01\xff"), "M1000,2:01ff");
  EXPECT_EQ(write_memory_binary(0x20, "ab"), "X20,2:ab");
  EXPECT_EQ(read_memory(0x10000000, 64), "m10000000,40");
  EXPECT_EQ(monitor("system_reset"), "qRcmd,73797374656d5f7265736574");
}

TEST(GdbStopReply, IsToldFromAnswers) {
  for (const auto* stop : {"T05thread:01;", "S02", "T02"}) EXPECT_TRUE(is_stop_reply(stop)) << stop;
  for (const auto* answer : {"OK", "E22", "PacketSize=1000", "00ff", "O4142", "", "T", "Sxx"})
    EXPECT_FALSE(is_stop_reply(answer)) << answer;
}

TEST(GdbHex, ReadsBackWhatItWrites) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(from_hex(to_hex(all)), all);
  EXPECT_EQ(from_hex("ABcd"), "\xab\xcd");
  EXPECT_FALSE(from_hex("abc"));
  EXPECT_FALSE(from_hex("E1x1"));
}

TEST(GdbPacketSize, ComesFromTheStubAndIsBounded) {
  EXPECT_EQ(packet_size("PacketSize=1000;qXfer:features:read+"), 0x1000u);
  EXPECT_EQ(packet_size("qXfer:features:read+"), 1024u);
  EXPECT_EQ(packet_size("PacketSize=1"), 256u);
  EXPECT_EQ(packet_size("PacketSize=ffffffff"), 16384u);
}

}  // namespace
}  // namespace hilltop::drivers::gdb
