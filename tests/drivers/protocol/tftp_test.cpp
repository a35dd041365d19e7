// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/tftp.hpp"

#include <gtest/gtest.h>

namespace hilltop::drivers::tftp {
namespace {

using namespace std::string_literals;

TEST(TftpPacket, request_with_options) {
  const auto packet = read_packet("\0\1/boot/Image\0OCTET\0BlkSize\0001468\0tsize\0000\0"s);
  ASSERT_TRUE(packet) << packet.error().text;
  const auto& request = std::get<Request>(*packet);
  EXPECT_FALSE(request.write);
  EXPECT_EQ(request.name, "/boot/Image");
  EXPECT_EQ(request.mode, Mode::octet);
  EXPECT_EQ(request.options, (std::vector<Option>{{"blksize", "1468"}, {"tsize", "0"}}));
}

TEST(TftpPacket, padding_after_the_options_is_no_option) {
  const auto packet = read_packet("\0\1a\0netascii\0tsize\0000\0\0\0\0"s);
  ASSERT_TRUE(packet) << packet.error().text;
  EXPECT_EQ(std::get<Request>(*packet).options.size(), 1u);
  EXPECT_EQ(std::get<Request>(*packet).mode, Mode::netascii);
}

TEST(TftpPacket, what_is_written_is_read) {
  const Packet packets[] = {Request{true, "x", Mode::netascii, {{"windowsize", "16"}}}, Data{65535, "bytes\0"s}, Ack{7},
                            Failure{1, "no such file"}, OptionAck{{{"tsize", "99"}}}};
  for (const auto& packet : packets) {
    const auto again = read_packet(write_packet(packet));
    ASSERT_TRUE(again) << again.error().text;
    EXPECT_EQ(write_packet(*again), write_packet(packet));
    EXPECT_EQ(again->index(), packet.index());
  }
  EXPECT_EQ(write_packet(Ack{0x1234}), "\0\4\x12\x34"s);
  EXPECT_EQ(data_packet(2, "ab"), "\0\3\0\2ab"s);
}

TEST(TftpPacket, odd_packets_are_refused_with_the_boards_blame) {
  const std::string odd[] = {""s,
                             "\0"s,
                             "\0\4\0"s,
                             "\0\7\0\0"s,
                             "\0\0\0\0"s,
                             "\0\1name without an end"s,
                             "\0\1name\0octet"s,
                             "\0\1name\0mail\0"s,
                             "\0\1\0octet\0"s,
                             "\0\1a\0octet\0blksize\0"s,
                             "\0\1"s + std::string(600, 'a') + "\0octet\0"s,
                             "\0\3\0\1"s + std::string(65465, 'a')};
  for (const auto& bytes : odd) {
    const auto packet = read_packet(bytes);
    ASSERT_FALSE(packet) << bytes;
    EXPECT_EQ(packet.error().code, Errc::protocol);
    EXPECT_EQ(packet.error().blame, Blame::dut);
  }
}

}  // namespace
}  // namespace hilltop::drivers::tftp
