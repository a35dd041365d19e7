// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/cmsis_dap.hpp"

#include <gtest/gtest.h>

namespace hilltop::drivers {
namespace {

using namespace std::string_literals;
using cmsis_dap::Access;
using cmsis_dap::Transferred;

TEST(CmsisDapCodec, CommandsAreAsTheDocumentHasThem) {
  EXPECT_EQ(cmsis_dap::info(cmsis_dap::Info::packet_size), "\x00\xff"s);
  EXPECT_EQ(cmsis_dap::connect_swd(), "\x02\x01"s);
  EXPECT_EQ(cmsis_dap::clock(1'000'000), "\x11\x40\x42\x0f\x00"s);
  EXPECT_EQ(cmsis_dap::transfer_configure(2, 0x164), "\x04\x02\x64\x01\x00\x00"s);
  EXPECT_EQ(cmsis_dap::pins(0x80, 0x80, 1000), "\x10\x80\x80\xe8\x03\x00\x00"s);
  EXPECT_EQ(cmsis_dap::write_abort(0x1e), "\x08\x00\x1e\x00\x00\x00"s);
  EXPECT_EQ(cmsis_dap::sequence({"\x9e\xe7", 16}), "\x12\x10\x9e\xe7"s);
}

TEST(CmsisDapCodec, TransfersSayPortDirectionAndAddress) {
  // APnDP is bit 0, RnW bit 1, A[3:2] bits 3 and 2.
  const std::vector<Access> accesses{{Access::Port::debug, adi::dp_select, 0x01000000},
                                     {Access::Port::memory, adi::ap_tar, 0x20000000},
                                     {Access::Port::memory, adi::ap_drw, {}},
                                     {Access::Port::debug, adi::dp_rdbuff, {}}};
  EXPECT_EQ(cmsis_dap::transfer(accesses), "\x05\x00\x04\x08\x00\x00\x00\x01\x05\x00\x00\x00\x20\x0f\x0e"s);
  EXPECT_EQ(cmsis_dap::read_block({Access::Port::memory, adi::ap_drw, {}}, 258), "\x06\x00\x02\x01\x0f"s);
  EXPECT_EQ(cmsis_dap::write_block({Access::Port::memory, adi::ap_drw, {}}, {0x04030201}),
            "\x06\x00\x01\x00\x0d\x01\x02\x03\x04"s);
}

TEST(CmsisDapCodec, WhatFitsIntoAPacketIsCounted) {
  EXPECT_EQ(cmsis_dap::block_words_read(64), 15u);
  EXPECT_EQ(cmsis_dap::block_words_written(64), 14u);
  EXPECT_EQ(cmsis_dap::block_words_read(512), 127u);
  for (const std::size_t packet : {64, 512, 1024}) {
    for (const unsigned writes : {0u, 3u}) {
      std::vector<Access> accesses(writes, Access{Access::Port::memory, adi::ap_tar, 0});
      accesses.insert(accesses.end(), cmsis_dap::transfer_reads(packet, writes), {Access::Port::memory, 0xc, {}});
      EXPECT_LE(cmsis_dap::transfer(accesses).size(), packet);
      EXPECT_LE(3 + 4 * (accesses.size() - writes), packet);
      EXPECT_LE(accesses.size(), 255u);
    }
  }
}

TEST(CmsisDapCodec, AnswersAreToldApart) {
  EXPECT_EQ(*cmsis_dap::answer_to("\x05"s, "\x05\x01\x01"s), "\x01\x01"s);
  EXPECT_EQ(cmsis_dap::answer_to("\x05"s, "\x06\x01"s).error().code, Errc::protocol);
  EXPECT_EQ(cmsis_dap::answer_to("\x1e"s, "\xff"s).error().code, Errc::unsupported);
  EXPECT_EQ(cmsis_dap::answer_to("\x05"s, "").error().code, Errc::protocol);
  EXPECT_TRUE(cmsis_dap::check_status("\x00"s, "x"));
  EXPECT_FALSE(cmsis_dap::check_status("\xff"s, "x"));
  EXPECT_EQ(*cmsis_dap::info_text("\x04"s + "1.2\0rest"s), "1.2");
  EXPECT_FALSE(cmsis_dap::info_text("\x09"s + "1.2"s));
  EXPECT_EQ(*cmsis_dap::info_number("\x02\x00\x02"s), 512u);
  EXPECT_FALSE(cmsis_dap::info_number("\x00"s));
}

TEST(CmsisDapCodec, AcknowledgesAndWordsAreRead) {
  const auto good = cmsis_dap::transferred("\x02\x01\x77\x14\xa0\x2b"s);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->done, 2u);
  EXPECT_EQ(good->ack, Transferred::Ack::ok);
  EXPECT_EQ(good->words, (std::vector<std::uint32_t>{0x2ba01477}));
  EXPECT_EQ(cmsis_dap::transferred("\x00\x02"s)->ack, Transferred::Ack::wait);
  EXPECT_EQ(cmsis_dap::transferred("\x00\x04"s)->ack, Transferred::Ack::fault);
  EXPECT_EQ(cmsis_dap::transferred("\x00\x07"s)->ack, Transferred::Ack::none);
  EXPECT_EQ(cmsis_dap::transferred("\x00\x09"s)->ack, Transferred::Ack::protocol_error);
  EXPECT_EQ(cmsis_dap::block_transferred("\x01\x01\x01"s)->done, 257u);
  EXPECT_FALSE(cmsis_dap::block_transferred("\x01\x01"s));
}

TEST(Adi, MemoryIsCutWhereAddressesDoNotGoUpByThemselves) {
  using adi::Words;
  EXPECT_EQ(adi::words_of(0x20000001, 2, 100), (std::vector<Words>{{0x20000000, 1}}));
  EXPECT_EQ(adi::words_of(0x200003f8, 16, 100), (std::vector<Words>{{0x200003f8, 2}, {0x20000400, 2}}));
  EXPECT_EQ(adi::words_of(0, 12, 2), (std::vector<Words>{{0, 2}, {8, 1}}));
  EXPECT_TRUE(adi::words_of(0, 0, 2).empty());
  EXPECT_EQ(adi::words_of(0xfffffffc, 4, 2), (std::vector<Words>{{0xfffffffc, 1}}));
}

TEST(Adi, SequencesAreWholeBytesOfTheirBits) {
  for (const auto& sequence : {adi::switch_to_swd(), adi::wake_to_swd()})
    for (const auto& bits : sequence) EXPECT_EQ((bits.count + 7) / 8, bits.bytes.size());
  EXPECT_FALSE(adi::is_dpidr(0));
  EXPECT_FALSE(adi::is_dpidr(0xffffffff & ~1u));
  EXPECT_TRUE(adi::is_dpidr(0x2ba01477));
}

}  // namespace
}  // namespace hilltop::drivers
