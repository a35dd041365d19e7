// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <fstream>

#include "drivers/flash/dfu_device.hpp"
#include "drivers/protocol/dfu_suffix.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/flash/dfu_board.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::drivers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string pattern(std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(i * 7 + i / 256);
  return out;
}

class DfuFlash : public ::testing::Test {
 protected:
  FlashImage file(const std::string& name, const std::string& bytes) {
    std::ofstream(dir.path() / name, std::ios::binary) << bytes;
    return {dir.path() / name, ImageFormat::raw, std::nullopt};
  }
  Result<> flash(std::vector<FlashImage> images, Deadline deadline = Deadline::after(20s)) {
    auto bus = std::make_shared<tests::DfuBus>(std::vector<tests::DfuBoard*>{&board, &other});
    auto progress = [this](std::uint64_t done, std::uint64_t total) { shown.emplace_back(done, total); };
    return worker.run(flash_by_dfu(bus, address, std::move(images), progress, deadline));
  }

  DfuFlash() {
    other.serial = "BOARD2";
    other.path = "1-1.5";
    address.match.serial = "BOARD1";
  }

  tests::TemporaryDir dir;
  tests::DfuBoard board, other;
  DfuAddress address;
  tests::Worker worker;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> shown;
};

TEST_F(DfuFlash, ARunningBoardIsDetachedWrittenReadBackAndStarted) {
  const auto bytes = pattern(1000);
  const auto done = flash({file("fw.bin", bytes)});
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(board.memory[0], bytes);
  EXPECT_THAT(board.log, ElementsAre("detach", "dfu mode", "manifest", "application"));
  EXPECT_FALSE(shown.empty());
  EXPECT_EQ(shown.back(), std::make_pair(std::uint64_t{1000}, std::uint64_t{1000}));
  EXPECT_TRUE(other.log.empty());
}

TEST_F(DfuFlash, ABoardThatDetachesByItselfIsNotReset) {
  board.will_detach = true;
  ASSERT_TRUE(flash({file("fw.bin", pattern(100))}));
  EXPECT_EQ(board.memory[0], pattern(100));
  EXPECT_EQ(board.resets, 2);  // its own, and the one into the application
}

TEST_F(DfuFlash, ABoardThatIsNotManifestationTolerantIsResetInstead) {
  board.tolerant = false;
  ASSERT_TRUE(flash({file("fw.bin", pattern(100))}));
  EXPECT_EQ(board.memory[0], pattern(100));
  EXPECT_THAT(board.log, ElementsAre("detach", "dfu mode", "manifest", "application"));
}

TEST_F(DfuFlash, ABoardThatStartsByItselfMustComeBackRunning) {
  board.starts_by_itself = true;
  const auto done = flash({file("fw.bin", pattern(100))});
  EXPECT_TRUE(done) << done.error().text;
  EXPECT_EQ(board.memory[0], pattern(100));
  EXPECT_EQ(board.log.back(), "application");
}

TEST_F(DfuFlash, ABoardThatComesBackInDfuModeHasNotTakenTheFirmware) {
  board.starts_by_itself = board.refuses_firmware = true;
  const auto done = flash({file("fw.bin", pattern(100))}, Deadline::after(800ms));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().blame, Blame::dut);
  EXPECT_THAT(done.error().text, HasSubstr("stays in DFU mode"));
}

TEST_F(DfuFlash, ABoardThatGoesWithoutHavingBeenSeenRunningIsUnavailable) {
  board.to_dfu_mode();
  board.starts_by_itself = true;
  EXPECT_EQ(flash({file("fw.bin", pattern(100))}).error().code, Errc::unavailable);
}

TEST_F(DfuFlash, AStateOfErrorIsClearedFirst) {
  board.to_dfu_mode();
  board.state = 10, board.status = 14;
  EXPECT_TRUE(flash({file("fw.bin", pattern(100))}));
}

TEST_F(DfuFlash, AWrongReadBackIsTheBoardsFault) {
  board.corrupts = 70;
  const auto done = flash({file("fw.bin", pattern(100))});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::mismatch);
  EXPECT_EQ(done.error().blame, Blame::dut);
  EXPECT_THAT(done.error().text, HasSubstr("block 1 (byte 64): what is read back differs at byte 6"));
}

TEST_F(DfuFlash, ARefusalIsToldInTheBoardsOwnWords) {
  board.refuses_block = 1;
  const auto done = flash({file("fw.bin", pattern(200))});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().blame, Blame::dut);
  EXPECT_THAT(done.error().text, HasSubstr("block 1 (byte 64): the board refuses it: errADDRESS"));
  EXPECT_EQ(board.state, 2);  // cleared, for whoever comes next
}

TEST_F(DfuFlash, AFileForAnotherBoardIsRefusedBeforeAByteIsSent) {
  const dfu::Suffix suffix{0xffff, 0x0042, 0x0483, 0x0100};
  const auto done = flash({file("fw.dfu", dfu::with_suffix(pattern(100), suffix))});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::mismatch);
  EXPECT_THAT(done.error().text, HasSubstr("it is for 0483:0042, and the board is 1209:df00"));
  EXPECT_EQ(board.downloads, 0);
}

TEST_F(DfuFlash, AFileForTheRunningBoardsIdsIsTakenWithoutItsSuffix) {
  const dfu::Suffix suffix{0xffff, 0x0001, 0x1209, 0x0100};
  ASSERT_TRUE(flash({file("fw.dfu", dfu::with_suffix(pattern(100), suffix))}));
  EXPECT_EQ(board.memory[0], pattern(100));
}

TEST_F(DfuFlash, ADamagedFileTouchesNoBoard) {
  auto bytes = dfu::with_suffix(pattern(100), {});
  bytes[10] ^= 4;
  const auto done = flash({file("fw.dfu", bytes)});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().blame, Blame::job);
  EXPECT_TRUE(board.log.empty());
}

TEST_F(DfuFlash, AMissingSuffixIsRefusedWhereTheLabWantsOne) {
  address.suffix_required = true;
  EXPECT_FALSE(flash({file("fw.bin", pattern(100))}));
  EXPECT_TRUE(board.log.empty());
}

TEST_F(DfuFlash, WhatHasOtherIdsIsNotTheBoard) {
  address.match.vendor = 0x0483;
  address.match.product = 0x5740;
  const auto done = flash({file("fw.bin", pattern(100))});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::mismatch);
  EXPECT_TRUE(board.log.empty());
}

TEST_F(DfuFlash, ABoardThatIsMissingIsWaitedForAndThenNamed) {
  address.match.serial = "BOARD3";
  const auto done = flash({file("fw.bin", pattern(100))}, Deadline::after(300ms));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::unavailable);
  EXPECT_THAT(done.error().text, HasSubstr("BOARD3"));
}

TEST_F(DfuFlash, ABoardThatDoesNotComeBackIsATimeout) {
  board.gone_after_detach = true;
  const auto done = flash({file("fw.bin", pattern(100))}, Deadline::after(500ms));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::timeout);
}

TEST_F(DfuFlash, ABoardThatIsUnpluggedInMidTransferIsUnavailable) {
  board.leaves_after_blocks = 2;
  const auto done = flash({file("fw.bin", pattern(1000))});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::unavailable);
  EXPECT_THAT(done.error().text, HasSubstr("block 2"));
}

TEST_F(DfuFlash, TheAlternateSettingIsChosenByNameOrNumber) {
  board.alternates = {"x86_rom", "x86_app", "config"};
  address.alternate = "x86_app";
  auto second = file("config.bin", "settings");
  second.part = "2";
  ASSERT_TRUE(flash({file("fw.bin", pattern(100)), second}));
  EXPECT_EQ(board.memory[1], pattern(100));
  EXPECT_EQ(board.memory[2], "settings");
  EXPECT_FALSE(board.memory.contains(0));
}

TEST_F(DfuFlash, SeveralSettingsAndNoNameIsAnError) {
  board.alternates = {"one", "two"};
  const auto done = flash({file("fw.bin", pattern(100))});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().blame, Blame::configuration);
  EXPECT_THAT(done.error().text, HasSubstr("0 'one', 1 'two'"));
}

class Dfuse : public DfuFlash {
 protected:
  Dfuse() {
    board.dfuse = true;
    board.to_dfu_mode();
    board.alternates = {"@Internal Flash  /0x08000000/008*001Kg", "@Option Bytes  /0x1FFFF800/01*016 e"};
    address.alternate = "Internal Flash";
  }
  std::string content(std::uint64_t from, std::size_t size) {
    std::string out;
    for (std::size_t i = 0; i < size; ++i) out += board.flash[from + i];
    return out;
  }
};

TEST_F(Dfuse, PagesAreErasedWrittenReadBackAndTheBoardStarted) {
  const auto done = flash({file("fw.bin", pattern(2500))});
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_THAT(board.erased, ElementsAre(0x08000000, 0x08000400, 0x08000800));
  EXPECT_EQ(content(0x08000000, 2500), pattern(2500));
  EXPECT_EQ(board.log.back(), "application");
}

TEST_F(Dfuse, BytesOutsideOfItsMemoryTouchNothing) {
  auto image = file("fw.bin", pattern(100));
  image.address = 0x20000000;
  const auto done = flash({image});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().blame, Blame::job);
  EXPECT_THAT(done.error().text, HasSubstr("0x20000000"));
  EXPECT_EQ(board.downloads, 0);
}

TEST_F(Dfuse, AWrongReadBackNamesTheAddress) {
  board.corrupts = 130;
  const auto done = flash({file("fw.bin", pattern(500))});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::mismatch);
  EXPECT_THAT(done.error().text, HasSubstr("64 bytes at 0x8000080"));
}

TEST(DfuAddress, IsCheckedWithoutADevice) {
  const auto complaints = [](std::string_view text) {
    Diagnostics out;
    dfu_flash.check(tests::yaml(text), out);
    return out.to_string();
  };
  EXPECT_EQ(complaints("{driver: dfu, serial: A1, usb_id: '0483:5740', dfu_id: '0483:df11', alt: 0}"), "");
  EXPECT_THAT(complaints("{driver: dfu}"), HasSubstr("serial"));
  EXPECT_THAT(complaints("{driver: dfu, serial: A1, dfu_id: stm32}"), HasSubstr("dfu_id"));
  EXPECT_THAT(complaints("{driver: dfu, serial: A1, suffix: maybe}"), HasSubstr("required"));
}

}  // namespace
}  // namespace hilltop::drivers
