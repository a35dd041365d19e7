// SPDX-License-Identifier: Apache-2.0
// Flashing real machines with the project's test firmware (target test_firmware).
#include <gtest/gtest.h>

#include <fstream>

#include "tests/drivers/emulator/qemu_board.hpp"

namespace hilltop::drivers {
namespace {

constexpr auto an385 = R"(
driver: qemu
system: arm
machine: mps2-an385
memories:
  - {name: code, start: 0x0, size: 4M, kind: flash}
  - {name: ram, start: 0x20000000, size: 4M, kind: ram}
)";
constexpr auto an521 = R"(
driver: qemu
system: arm
machine: mps2-an521
memory: 16M
memories:
  - {name: secure, start: 0x10000000, size: 1M, kind: flash}
  - {name: nonsecure, start: 0x00100000, size: 3M, kind: flash}
)";

FlashImage firmware(const std::string& name) {
  FlashImage image;
  image.path = HILLTOP_BINARY_DIR "/firmware/" + name;
  image.format = name.ends_with(".elf") ? ImageFormat::elf : ImageFormat::intel_hex;
  return image;
}

Result<> flash(tests::QemuBoard& board, std::vector<FlashImage> images, FlashProgress progress = {}) {
  return board.worker.run(
      board.device->flasher()->flash(std::move(images), std::move(progress), tests::QemuBoard::soon()));
}

TEST(QemuFlash, ABoardThatIsOffStaysOffAndRunsTheImageWhenPowered) {
  tests::QemuBoard board(an385);
  std::uint64_t last = 0, total = 0;
  const auto flashed = flash(board, {firmware("mps2-an385-pass.elf")}, [&](std::uint64_t done, std::uint64_t all) {
    EXPECT_GT(done, last);
    last = done;
    total = all;
  });
  ASSERT_TRUE(flashed) << flashed.error().text;
  EXPECT_EQ(last, total);
  EXPECT_GT(total, 1000u);
  EXPECT_EQ(board.state(), PowerState::off);
  EXPECT_TRUE(tests::children().empty());
  ASSERT_TRUE(board.power(PowerState::on));
  EXPECT_TRUE(board.read_until("PROJECT EXECUTION").contains("hilltop_basics"));
}

TEST(QemuFlash, ARunningBoardIsResetIntoTheNewImageAndKeepsItAcrossResetsAndPowerCuts) {
  tests::QemuBoard board(an385);
  ASSERT_TRUE(flash(board, {firmware("mps2-an385-pass.elf")}));
  ASSERT_TRUE(board.power(PowerState::on));
  board.read_until("PROJECT EXECUTION SUCCESSFUL");
  const auto again = flash(board, {firmware("mps2-an385-shell.hex")});
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(board.state(), PowerState::on);
  board.read_until("uart:~$ ");
  ASSERT_TRUE(board.worker.run(board.device->probe()->reset(ResetKind::hard, tests::QemuBoard::soon())));
  EXPECT_FALSE(board.read_until("uart:~$ ").contains("PROJECT EXECUTION")) << "the old image came back";
  ASSERT_TRUE(board.power(PowerState::off));
  ASSERT_TRUE(board.power(PowerState::on));
  board.read_until("uart:~$ ");
  board.type("echo hello\r");
  board.read_until("hello\r\n");
}

TEST(QemuFlash, EveryMicrocontrollerBoardOfTheDemoTakesItsImage) {
  struct Kind {
    const char* machine;
    const char* memory;
  };
  for (const auto& [machine, memory] :
       {Kind{"lm3s6965evb", "{name: flash, start: 0x0, size: 256K, kind: flash}"},
        Kind{"stm32vldiscovery", "{name: flash, start: 0x08000000, size: 128K, kind: flash}"}}) {
    tests::QemuBoard board("{driver: qemu, system: arm, machine: " + std::string(machine) + ", memories: [" + memory +
                           "]}");
    ASSERT_TRUE(board.power(PowerState::on)) << "an empty board can be powered too";
    const auto flashed = flash(board, {firmware(std::string(machine) + "-pass.elf")});
    ASSERT_TRUE(flashed) << machine << ": " << flashed.error().text;
    board.read_until("PROJECT EXECUTION SUCCESSFUL");
  }
}

TEST(QemuFlash, TwoImagesOfTwoWorlds) {
  tests::QemuBoard board(an521);
  const auto flashed = flash(board, {firmware("mps2-an521-secure.hex"), firmware("mps2-an521-nonsecure.elf")});
  ASSERT_TRUE(flashed) << flashed.error().text;
  ASSERT_TRUE(board.power(PowerState::on));
  board.read_until("End of Non-secure test suites");
}

TEST(QemuFlash, MicroPythonIsFlashedAsItIsDelivered) {
  tests::QemuBoard board(R"({driver: qemu, system: arm, machine: microbit, memories: [
      {name: flash, start: 0x0, size: 256K, kind: flash}, {name: uicr, start: 0x10001000, size: 1K, kind: absent}]})");
  FlashImage image;
  image.path = "/usr/share/firmware-microbit-micropython/firmware.hex";
  image.format = ImageFormat::intel_hex;
  ASSERT_TRUE(board.power(PowerState::on));
  const auto flashed = flash(board, {image});
  ASSERT_TRUE(flashed) << flashed.error().text;
  EXPECT_TRUE(board.read_until(">>> ").contains("MicroPython"));
}

TEST(QemuFlash, NothingIsTouchedWhenAnImageDoesNotFit) {
  tests::QemuBoard board(an385);
  ASSERT_TRUE(flash(board, {firmware("mps2-an385-shell.elf")}));
  const auto elsewhere = flash(board, {firmware("stm32vldiscovery-pass.elf")});
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().blame, Blame::job);
  EXPECT_TRUE(elsewhere.error().text.contains("0x8000000")) << elsewhere.error().text;
  const auto twice = flash(board, {firmware("mps2-an385-shell.elf"), firmware("mps2-an385-pass.elf")});
  ASSERT_FALSE(twice);
  EXPECT_TRUE(twice.error().text.contains("mps2-an385-shell.elf") && twice.error().text.contains("mps2-an385-pass.elf"))
      << twice.error().text;
  EXPECT_FALSE(flash(board, {firmware("no-such.elf")}));
  ASSERT_TRUE(board.power(PowerState::on));
  board.read_until("uart:~$ ");
}

TEST(QemuFlash, ReadBackThatDiffersIsTheBoardsFault) {
  // QEMU has no memory at 0x01000000, so that what is written there is lost.
  tests::QemuBoard board(
      "{driver: qemu, system: arm, machine: microbit, memories: [{name: gone, start: 0x01000000, size: 4K, kind: "
      "flash}]}");
  const auto file = board.dir.path() / "x.bin";
  std::ofstream(file) << "something";
  FlashImage image;
  image.path = file;
  image.address = 0x01000000;
  const auto flashed = flash(board, {image});
  ASSERT_FALSE(flashed);
  EXPECT_TRUE(tests::children().empty());
}

}  // namespace
}  // namespace hilltop::drivers
