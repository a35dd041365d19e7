// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/legacy_image.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "drivers/core/process.hpp"
#include "tests/drivers/run_task.hpp"
#include "tests/support/pipeline_bench.hpp"

namespace hilltop::jobs {
namespace {

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class LegacyImage : public ::testing::Test {
 protected:
  test::ScratchDir dir;
  std::filesystem::path ramdisk = dir.write("rd", std::string(70'000, 'r'));
};

TEST_F(LegacyImage, AHeaderCanBeAddedAndTakenOff) {
  ASSERT_TRUE(add_legacy_header(ramdisk, dir.path / "headed", LegacyArch::arm64, Deadline::never()));
  const auto headed = bytes_of(dir.path / "headed");
  EXPECT_EQ(headed.size(), 70'064U);
  EXPECT_TRUE(is_legacy_header(headed));
  EXPECT_EQ(headed.substr(0, 4), "\x27\x05\x19\x56");
  EXPECT_EQ(headed[29], 22);
  EXPECT_TRUE(strip_legacy_header(dir.path / "headed", Deadline::never()).value());
  EXPECT_EQ(bytes_of(dir.path / "headed"), bytes_of(ramdisk));
}

TEST_F(LegacyImage, WhatHasNoneStaysAsItIs) {
  EXPECT_FALSE(strip_legacy_header(ramdisk, Deadline::never()).value());
  EXPECT_EQ(bytes_of(ramdisk).size(), 70'000U);
}

TEST_F(LegacyImage, AChangedHeaderIsNone) {
  const auto header = legacy_ramdisk_header(10, 0, LegacyArch::arm, "ramdisk");
  std::string text(header.begin(), header.end());
  ASSERT_TRUE(is_legacy_header(text));
  text[40] = 'X';
  EXPECT_FALSE(is_legacy_header(text));
  EXPECT_FALSE(is_legacy_header(text.substr(0, 63)));
}

TEST_F(LegacyImage, UbootsMkimageReadsIt) {
  if (std::system("command -v mkimage >/dev/null 2>&1") != 0) GTEST_SKIP() << "mkimage is not installed";
  ASSERT_TRUE(add_legacy_header(ramdisk, dir.path / "headed", LegacyArch::arm64, Deadline::never()));
  tests::Worker worker;
  const Command command({"mkimage", "-l", (dir.path / "headed").string()});
  const auto read = worker.run(run_tool_checked(command, Deadline::after(20s)));
  ASSERT_TRUE(read) << read.error().text;
}

}  // namespace
}  // namespace hilltop::jobs
