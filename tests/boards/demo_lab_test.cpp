// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "boards/inventory.hpp"
#include "drivers/tables.hpp"
#include "tests/boards/temporary_folder.hpp"

namespace hilltop::boards {
namespace {

const std::filesystem::path source = HILLTOP_SOURCE_DIR;

class DemoLab : public testing::Test {
 protected:
  DemoLab() : types_(BoardTypes::load(source / "boards/types", source / "boards/rules", diagnostics_)) {}
  Diagnostics diagnostics_;
  BoardTypes types_;
};

TEST_F(DemoLab, IsRightForTheDriversThatThereAre) {
  const auto lab = read_inventory(source / "deploy/labs/demo/lab.yaml", types_, drivers::all_drivers, diagnostics_);
  EXPECT_FALSE(diagnostics_.has_errors()) << diagnostics_.to_string();  // firmware may not be built yet: a warning
  std::vector<std::string> names;
  for (const auto& board : lab.boards) names.push_back(board.name);
  EXPECT_THAT(names,
              testing::ElementsAre("microbit-01", "microbit-02", "an385-01", "lm3s-01", "stm32vl-01", "an521-01",
                                   "qemu-01", "qemu-02", "arm64-uboot-01", "arm64-uboot-02", "arm64-uefi-01",
                                   "arm64-uefi-02", "armv7-uboot-01", "riscv64-uboot-01", "orangepi-01", "x86-64-01"));
  EXPECT_THAT(lab.file_roots, testing::Contains(source / "build/firmware"));
}

TEST_F(DemoLab, IsTheSameAfterAnExport) {
  const auto lab = read_inventory(source / "deploy/labs/demo/lab.yaml", types_, drivers::all_drivers, diagnostics_);
  const test::TemporaryFolder folder;
  const auto again = read_inventory(folder.write("lab.yaml", to_yaml(lab)), types_, drivers::all_drivers, diagnostics_);
  EXPECT_FALSE(diagnostics_.has_errors()) << diagnostics_.to_string();  // firmware may not be built yet: a warning
  EXPECT_EQ(again.boards, lab.boards);
  EXPECT_EQ(again.file_roots, lab.file_roots);
}

// The lab's own files and those of the board types are named relative to where they are named.
TEST_F(DemoLab, NamesTheSameFilesFromAnotherFolder) {
  const auto lab = read_inventory(source / "deploy/labs/demo/lab.yaml", types_, drivers::all_drivers, diagnostics_);
  const test::TemporaryFolder folder;
  const auto again = read_inventory(folder.write("lab.yaml", to_yaml(lab)), types_, drivers::all_drivers, diagnostics_);
  EXPECT_FALSE(diagnostics_.has_errors()) << diagnostics_.to_string();  // firmware may not be built yet: a warning
  const auto* board = again.find("arm64-uefi-01");
  ASSERT_NE(board, nullptr);
  const auto drives = board->addresses["emulator"]["drives"];
  EXPECT_EQ(drives["disk"]["template"].text(), source / "build/firmware/linux/arm64-disk.img");
  EXPECT_EQ(drives["firmware"]["template"].text(), "/usr/share/AAVMF/AAVMF_CODE.fd");
}

// Each part of a boot has a time-out of its own, from the firmware to user space.
TEST_F(DemoLab, EveryLinuxBoardTimesEachStageOfItsBoot) {
  const auto lab = read_inventory(source / "deploy/labs/demo/lab.yaml", types_, drivers::all_drivers, diagnostics_);
  int linux_boards = 0;
  for (const auto& board : lab.boards) {
    if (std::ranges::find(board.tags, "linux") == board.tags.end()) continue;
    ++linux_boards;
    const auto& stages = types_.find(board.type)->boot_stages;
    ASSERT_FALSE(stages.empty()) << board.name;
    EXPECT_EQ(stages.back().name, "userspace") << board.name;
    EXPECT_EQ(std::ranges::count(stages, "kernel", &BootStage::name), 1) << board.name;
    for (const auto& stage : stages) EXPECT_GT(stage.timeout.count(), 0) << board.name << ": " << stage.name;
  }
  EXPECT_EQ(linux_boards, 8);
}

}  // namespace
}  // namespace hilltop::boards
