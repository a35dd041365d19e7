// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "drivers/protocol/base64.hpp"
#include "drivers/protocol/cmux.hpp"
#include "drivers/protocol/cobs.hpp"
#include "drivers/protocol/rtt.hpp"
#include "drivers/protocol/slip.hpp"
#include "drivers/protocol/smp.hpp"

namespace hilltop::drivers {
namespace {

using namespace std::string_literals;

TEST(Base64, TheExamplesOfRfc4648) {
  const std::vector<std::pair<std::string, std::string>> examples = {{"", ""},
                                                                     {"f", "Zg=="},
                                                                     {"fo", "Zm8="},
                                                                     {"foo", "Zm9v"},
                                                                     {"foob", "Zm9vYg=="},
                                                                     {"fooba", "Zm9vYmE="},
                                                                     {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : examples) {
    EXPECT_EQ(base64_encoded(plain), encoded);
    EXPECT_EQ(base64_decoded(encoded), plain);
  }
  EXPECT_EQ(base64_decoded("Zg==Zm8="), "ffo");  // pieces that were encoded one by one
  for (const char* wrong : {"Zg=", "Z===", "Zm9v\n", "Zm9v Zg=", "****"}) EXPECT_FALSE(base64_decoded(wrong)) << wrong;
}

TEST(Slip, RefusesEscapesThatAreNone) {
  EXPECT_EQ(slip::decoded("a\xdb\xdc\xdb\xdd"
                          "b"),
            "a\xc0\xdb"
            "b");
  EXPECT_FALSE(slip::decoded("a\xdb"));
  EXPECT_FALSE(slip::decoded("a\xdbx"));
}

TEST(Cobs, TheExamplesOfThePaperDecode) {
  EXPECT_EQ(cobs::decoded("\x01"), "");
  EXPECT_EQ(cobs::decoded("\x01\x01"), "\0"s);
  EXPECT_EQ(cobs::decoded("\x03\x11\x22\x02\x33"), "\x11\x22\0\x33"s);
  EXPECT_EQ(cobs::decoded("\xff" + std::string(254, 'x')), std::string(254, 'x'));
  EXPECT_FALSE(cobs::decoded("\x05\x11"));
  EXPECT_FALSE(cobs::decoded(""));
  for (std::size_t size = 0; size < 600; ++size) {
    std::string packet;
    for (std::size_t i = 0; i < size; ++i) packet += static_cast<char>(i * i % 5 == 0 ? 0 : i);
    EXPECT_EQ(cobs::decoded(cobs::encoded(packet)), packet) << size;
  }
}

TEST(Smp, APacketOfManyLinesComesTogetherAndDamageIsRefused) {
  std::string packet;
  for (int i = 0; i < 700; ++i) packet += static_cast<char>(i);
  const auto lines = smp::lines_of(packet);
  ASSERT_GT(lines.size(), 5U);
  const auto feed = [](smp::Assembler& to, std::string_view line) { return to.add(line.substr(0, line.size() - 1)); };
  smp::Assembler assembler(4096);
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) EXPECT_EQ(feed(assembler, lines[i]), smp::Assembler::State::part);
  EXPECT_EQ(feed(assembler, lines.back()), smp::Assembler::State::whole);
  EXPECT_EQ(assembler.packet(), packet);

  smp::Assembler damaged(4096);
  auto worse = lines;
  worse[2][10] = worse[2][10] == 'A' ? 'B' : 'A';
  for (std::size_t i = 0; i + 1 < worse.size(); ++i) (void)feed(damaged, worse[i]);
  EXPECT_EQ(feed(damaged, worse.back()), smp::Assembler::State::refused);

  smp::Assembler small(100);
  EXPECT_EQ(feed(small, lines.front()), smp::Assembler::State::refused);
  smp::Assembler late(4096);
  EXPECT_EQ(feed(late, lines[1]), smp::Assembler::State::refused);
}

TEST(Smp, TheHeaderOfAnEchoIsRead) {
  const auto header = smp::header_of("\x0a\x00\x00\x05\x00\x00\x42\x00\xa1"s);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->op, 2);
  EXPECT_EQ(header->version, 1);
  EXPECT_EQ(header->length, 5);
  EXPECT_EQ(header->sequence, 0x42);
  EXPECT_FALSE(smp::header_of("\x02\x00"s));
}

TEST(Cmux, TheFcsOfTheSpecificationsExample) {
  // 3GPP TS 27.010 annex B.3.1: SABM on DLCI 1 with address 0x07, control 0x3f and FCS 0x89.
  EXPECT_EQ(cmux::encoded_advanced({1, true, true, cmux::Type::sabm, {}}), "\x7e\x07\x3f\x89\x7e");
}

TEST(Cmux, AFrameIsKnownFromItsFirstToItsLastByte) {
  const auto frame = cmux::encoded_basic({5, false, false, cmux::Type::uih, std::string(300, 'i')});
  const std::string_view behind_flag = std::string_view(frame).substr(1);
  for (std::size_t size = 0; size < behind_flag.size(); ++size)
    EXPECT_EQ(cmux::parse_basic(behind_flag.substr(0, size)).fit, cmux::Parsed::Fit::more) << size;
  const auto parsed = cmux::parse_basic(behind_flag);
  ASSERT_EQ(parsed.fit, cmux::Parsed::Fit::yes);
  EXPECT_EQ(parsed.frame.dlci, 5);
  EXPECT_FALSE(parsed.frame.command);
  EXPECT_EQ(parsed.frame.info, std::string(300, 'i'));
  EXPECT_EQ(parsed.size, behind_flag.size());
  EXPECT_EQ(cmux::parse_basic(behind_flag, 299).fit, cmux::Parsed::Fit::no);
  auto damaged = std::string(behind_flag);
  damaged[damaged.size() - 2] ^= 1;
  EXPECT_EQ(cmux::parse_basic(damaged).fit, cmux::Parsed::Fit::no);
}

TEST(Cmux, ModemStatusGoesThereAndBack) {
  const auto info = cmux::encoded(cmux::ModemStatus{7, true, 0x8c});
  EXPECT_EQ(info, "\xe3\x05\x1f\x8d");
  const auto status = cmux::modem_status_of(info);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->dlci, 7);
  EXPECT_TRUE(status->command);
  EXPECT_EQ(status->signals, 0x8c);
  EXPECT_FALSE(cmux::modem_status_of("\x43\x01"));
}

std::string le32(std::uint32_t value) {
  std::string out;
  for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

TEST(Rtt, AControlBlockIsFoundAndItsRingsAreRead) {
  std::string block(rtt::signature);
  block += le32(2) + le32(1);
  block += le32(0x100) + le32(0x20001000) + le32(1024) + le32(10) + le32(4) + le32(0);   // up 0: in one piece
  block += le32(0x108) + le32(0x20002000) + le32(256) + le32(16) + le32(250) + le32(2);  // up 1: around the end
  block += le32(0x110) + le32(0x20003000) + le32(16) + le32(0) + le32(0) + le32(0);      // down 0: empty
  const auto memory = std::string(40, 'x') + block;
  ASSERT_EQ(rtt::find_control_block(memory), 40U);
  EXPECT_EQ(rtt::control_block_size(block.substr(0, rtt::head_bytes)), block.size());
  const auto parsed = rtt::parse_control_block(block);
  ASSERT_TRUE(parsed);
  ASSERT_EQ(parsed->up.size(), 2U);
  ASSERT_EQ(parsed->down.size(), 1U);
  EXPECT_EQ(rtt::unread(parsed->up[0]), (std::vector<rtt::Range>{{0x20001004, 6}}));
  EXPECT_EQ(rtt::unread(parsed->up[1]), (std::vector<rtt::Range>{{0x200020fa, 6}, {0x20002000, 16}}));
  EXPECT_TRUE(rtt::unread(parsed->down[0]).empty());
  EXPECT_EQ(rtt::read_offset_address(0x20000000, 1), 0x20000000U + 24 + 24 + 16);
}

TEST(Rtt, WhatIsNoControlBlockIsRefused) {
  const auto head = std::string(rtt::signature);
  EXPECT_FALSE(rtt::control_block_size(head + le32(1000) + le32(0)));
  EXPECT_FALSE(rtt::control_block_size(head));
  EXPECT_FALSE(rtt::parse_control_block(head + le32(1) + le32(0)));
  const auto outside = le32(0) + le32(0) + le32(16) + le32(16) + le32(0) + le32(0);
  EXPECT_FALSE(rtt::parse_control_block(head + le32(1) + le32(0) + outside));
}

}  // namespace
}  // namespace hilltop::drivers
