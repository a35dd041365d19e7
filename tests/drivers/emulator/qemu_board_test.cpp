// SPDX-License-Identifier: Apache-2.0
// Real machines under Debian's QEMU.
#include <gtest/gtest.h>
#include <signal.h>

#include "drivers/api/device.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/emulator/qemu_board.hpp"

namespace hilltop::drivers {
namespace {

using tests::children;

constexpr auto microbit = R"(
driver: qemu
system: arm
machine: microbit
memories:
  - {name: flash, start: 0x0, size: 256K, kind: flash}
  - {name: uicr, start: 0x10001000, size: 1K, kind: absent}
boot_image: /usr/share/firmware-microbit-micropython/firmware.hex
)";

TEST(QemuBoard, MicrobitBootsToItsPromptFromTheFirstByteOn) {
  tests::QemuBoard board(microbit);
  EXPECT_EQ(board.state(), PowerState::off);
  board.type("lost: the board has no power\r");
  const auto on = board.power(PowerState::on);
  ASSERT_TRUE(on) << on.error().text;
  EXPECT_EQ(board.state(), PowerState::on);
  const auto banner = board.read_until(">>> ");
  EXPECT_EQ(banner[0], '\0') << "MicroPython's banner begins with a NUL";
  EXPECT_TRUE(banner.contains("MicroPython v1.9.2"));
  EXPECT_FALSE(banner.contains("lost"));
  board.type("print(6*7)\r");
  EXPECT_TRUE(board.read_until("42\r\n").contains("42"));
}

TEST(QemuBoard, PowerCutEndsTheProcessAndItIsReaped) {
  tests::QemuBoard board(microbit);
  ASSERT_TRUE(board.power(PowerState::on));
  ASSERT_EQ(children().size(), 1u);
  ASSERT_TRUE(board.power(PowerState::off));
  EXPECT_EQ(board.state(), PowerState::off);
  EXPECT_TRUE(children().empty());
}

TEST(QemuBoard, ConsoleStaysOpenAcrossPowerCycles) {
  tests::QemuBoard board(microbit);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(board.power(PowerState::on));
    EXPECT_EQ(board.read_until(">>> ")[0], '\0');
    ASSERT_TRUE(board.power(PowerState::off));
  }
}

TEST(QemuBoard, WhatTheBoardWroteToItsFlashSurvivesAPowerCut) {
  tests::QemuBoard board(microbit);
  ASSERT_TRUE(board.power(PowerState::on));
  board.read_until(">>> ");
  board.type("f=open('kept.txt','w');f.write('kept');f.close();print('saved')\r");
  board.read_until("saved\r\n");
  ASSERT_TRUE(board.power(PowerState::off));
  ASSERT_TRUE(board.power(PowerState::on));
  board.read_until(">>> ");
  board.type("print('read', open('kept.txt').read())\r");
  EXPECT_TRUE(board.read_until("read kept\r\n").contains("read kept"));
}

TEST(QemuBoard, AProcessKilledFromOutsideIsReportedAsLostPower) {
  tests::QemuBoard board(microbit);
  std::string reason;
  board.device->power()->on_lost([&](std::string text) { reason = std::move(text); });
  ASSERT_TRUE(board.power(PowerState::on));
  ASSERT_EQ(children().size(), 1u);
  ::kill(children().front(), SIGKILL);
  ASSERT_TRUE(board.worker.run_until([&] { return !reason.empty(); }));
  EXPECT_TRUE(reason.contains("signal 9")) << reason;
  EXPECT_EQ(board.state(), PowerState::off);
  ASSERT_TRUE(board.power(PowerState::on)) << "and it can be powered again";
  EXPECT_EQ(board.state(), PowerState::on);
}

TEST(QemuBoard, ResetRestartsTheFirmwareAndNeedsPower) {
  tests::QemuBoard board(microbit);
  auto unpowered = board.worker.run(board.device->probe()->reset(ResetKind::hard, tests::QemuBoard::soon()));
  ASSERT_FALSE(unpowered);
  EXPECT_EQ(unpowered.error().code, Errc::unavailable);
  ASSERT_TRUE(board.power(PowerState::on));
  board.read_until(">>> ");
  for (const auto kind : {ResetKind::hard, ResetKind::soft}) {
    ASSERT_TRUE(board.worker.run(board.device->probe()->reset(kind, tests::QemuBoard::soon())));
    EXPECT_TRUE(board.read_until(">>> ").contains("MicroPython"));
  }
}

TEST(QemuBoard, AMachineThatQemuDoesNotKnowFailsWithWhatQemuSaid) {
  tests::QemuBoard board("{driver: qemu, system: arm, machine: no-such-board}");
  const auto on = board.power(PowerState::on);
  ASSERT_FALSE(on);
  EXPECT_EQ(on.error().blame, Blame::infrastructure);
  EXPECT_TRUE(on.error().text.contains("unsupported machine type")) << on.error().text;
  EXPECT_EQ(board.state(), PowerState::off);
}

}  // namespace
}  // namespace hilltop::drivers
