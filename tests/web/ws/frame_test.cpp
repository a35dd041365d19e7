// SPDX-License-Identifier: Apache-2.0
#include "web/ws/frame.hpp"

#include <gtest/gtest.h>

#include <random>

namespace hilltop::web {
namespace {

using Items = std::vector<std::pair<Opcode, std::string>>;

/// A frame as a client sends it. Source: RFC 6455 5.2, 5.3.
std::string client_frame(unsigned first, std::string payload, std::string mask = "\x37\xfa\x21\x3d") {
  std::string out(1, static_cast<char>(first));
  const auto n = payload.size();
  const int octets = n < 126 ? 0 : n < 65536 ? 2 : 8;
  out += static_cast<char>(0x80 | (octets == 0 ? n : octets == 2 ? 126 : 127));
  for (int i = octets - 1; i >= 0; --i) out += static_cast<char>(n >> (8 * i));
  out += mask;
  for (std::size_t i = 0; i < n; ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
  return out + payload;
}

/// Everything in `bytes`, fed in pieces of `piece`; an error is {close, code as text}.
Items read_all(std::string_view bytes, std::size_t piece, std::size_t limit = 65536) {
  FrameReader reader(limit);
  Items out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    auto part = bytes.substr(at, piece);
    for (;;) {
      auto item = reader.next(part);
      if (!item) {
        out.emplace_back(Opcode::continuation, std::to_string(static_cast<int>(reader.close_code())));
        return out;
      }
      if (!*item) break;
      out.emplace_back((*item)->opcode, std::move((*item)->data));
    }
    EXPECT_TRUE(part.empty());
  }
  return out;
}

std::string refused_with(std::string_view bytes, std::size_t limit = 65536) {
  const auto items = read_all(bytes, bytes.size(), limit);
  return items.size() == 1 && items[0].first == Opcode::continuation ? items[0].second : "taken";
}

TEST(Frame, HasTheBytesOfTheStandardsExamples) {  // RFC 6455 5.7
  EXPECT_EQ(make_frame(Opcode::text, "Hello"), std::string("\x81\x05Hello"));
  EXPECT_EQ(make_frame(Opcode::pong, "Hello"), std::string("\x8a\x05Hello"));
  EXPECT_EQ(make_frame(Opcode::binary, std::string(256, 'x')).substr(0, 4), std::string("\x82\x7e\x01\x00", 4));
  EXPECT_EQ(make_frame(Opcode::binary, std::string(65536, 'x')).substr(0, 10),
            std::string("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10));
  EXPECT_EQ(read_all(std::string("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11), 11),
            (Items{{Opcode::text, "Hello"}}));
}

TEST(Frame, HeadersAreAsLongAsTheySay) {
  for (const std::size_t n : {0U, 1U, 125U, 126U, 127U, 65535U, 65536U, 70000U})
    EXPECT_EQ(make_frame(Opcode::binary, std::string(n, 'x')).size(), n + frame_header_bytes(n)) << n;
}

TEST(Frame, AGoodbyeIsCutBetweenCharacters) {
  std::string reason(122, 'r');
  reason += "\xc3\xa4";  // 124 octets, of which 123 have room
  EXPECT_EQ(make_close_frame(CloseCode::normal, reason), "\x88\x7c\x03\xe8" + std::string(122, 'r'));
  EXPECT_EQ(make_close_frame(CloseCode::too_big, ""), "\x88\x02\x03\xf1");
}

TEST(FrameReader, GivesTheSameAtAnyPieceSize) {
  std::mt19937 random(7);
  for (int round = 0; round < 30; ++round) {
    std::string bytes;
    Items wanted;
    for (int i = 0; i < 12; ++i) {
      std::string data(random() % 3 == 0 ? random() % 70 : random() % 3000, '\0');
      for (auto& c : data) c = static_cast<char>('a' + random() % 26);
      const std::string mask = {static_cast<char>(random()), static_cast<char>(random()), static_cast<char>(random()),
                                static_cast<char>(random())};
      const bool text = random() % 2 == 0;
      const auto cut = random() % (data.size() + 1);
      if (random() % 2 == 0) {
        bytes += client_frame(text ? 0x81 : 0x82, data, mask);
      } else {  // in two pieces, with a ping between them
        bytes += client_frame(text ? 0x01 : 0x02, data.substr(0, cut), mask);
        bytes += client_frame(0x89, "are you there");
        wanted.emplace_back(Opcode::ping, "are you there");
        bytes += client_frame(0x80, data.substr(cut), mask);
      }
      wanted.emplace_back(text ? Opcode::text : Opcode::binary, data);
    }
    bytes += client_frame(0x88, std::string("\x03\xe8", 2) + "bye");
    wanted.emplace_back(Opcode::close, std::string("\x03\xe8", 2) + "bye");
    for (const std::size_t piece : {1U, 2U, 7U, 64U, 4096U}) ASSERT_EQ(read_all(bytes, piece), wanted) << piece;
    ASSERT_EQ(read_all(bytes, bytes.size()), wanted);
  }
}

TEST(FrameReader, RefusesWhatNoClientMaySend) {
  EXPECT_EQ(refused_with("\x81\x05Hello"), "1002") << "not masked";
  EXPECT_EQ(refused_with(client_frame(0xc1, "x")), "1002") << "a reserved bit";
  for (const unsigned opcode : {0x83U, 0x87U, 0x8bU, 0x8fU}) EXPECT_EQ(refused_with(client_frame(opcode, "")), "1002");
  EXPECT_EQ(refused_with(client_frame(0x09, "")), "1002") << "a ping in pieces";
  EXPECT_EQ(refused_with(client_frame(0x89, std::string(126, 'x'))), "1002") << "a ping that is too long";
  EXPECT_EQ(refused_with(client_frame(0x80, "x")), "1002") << "the end of no message";
  EXPECT_EQ(refused_with(client_frame(0x01, "a") + client_frame(0x81, "b")), "1002") << "one within another";
  EXPECT_EQ(refused_with(std::string("\x82\xfe\x00\x05", 4) + "mask12345"), "1002") << "a length of more octets";
  EXPECT_EQ(refused_with(std::string("\x82\xff\x80\0\0\0\0\0\0\0mask", 14)), "1002") << "the highest bit";
  EXPECT_EQ(refused_with(client_frame(0x88, "x")), "1002") << "half a code";
  EXPECT_EQ(refused_with(client_frame(0x88, std::string("\x03\xed", 2))), "1002") << "1005 is never sent";
}

TEST(FrameReader, MessagesAreBounded) {
  EXPECT_EQ(refused_with(client_frame(0x82, std::string(101, 'x')), 100), "1009");
  EXPECT_EQ(refused_with(client_frame(0x02, std::string(60, 'x')) + client_frame(0x80, std::string(41, 'x')), 100),
            "1009");
  EXPECT_EQ(refused_with(std::string("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xffmask", 14)), "1009");
  EXPECT_EQ(refused_with(client_frame(0x02, std::string(60, 'x')) + client_frame(0x80, std::string(40, 'x')), 100),
            "taken");
}

TEST(FrameReader, TextIsUtf8) {
  EXPECT_EQ(refused_with(client_frame(0x81, "\xff")), "1007");
  EXPECT_EQ(refused_with(client_frame(0x82, "\xff")), "taken");
  EXPECT_EQ(refused_with(client_frame(0x88, std::string("\x03\xe8\xc3", 3))), "1007");
  EXPECT_EQ(read_all(client_frame(0x01, "\xe2\x82") + client_frame(0x80, "\xac"), 3),
            (Items{{Opcode::text, "\xe2\x82\xac"}}))
      << "a character may lie in two frames";
}

TEST(FrameReader, KnowsUtf8) {  // RFC 3629 3, 10
  for (const std::string_view good : {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                                      "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const std::string_view bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                                     "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc2", "\xe2\x82", "\xc2\x41", "a\xff"})
    EXPECT_FALSE(is_utf8(bad)) << bad;
}

TEST(FrameReader, NothingIsReadAfterAnError) {
  FrameReader reader(100);
  std::string_view bad = "\x81\x05Hello";
  EXPECT_FALSE(reader.next(bad).has_value());
  const auto good = client_frame(0x82, "x");
  std::string_view rest = good;
  EXPECT_FALSE(reader.next(rest).has_value());
  EXPECT_EQ(rest.size(), good.size());
}

}  // namespace
}  // namespace hilltop::web
