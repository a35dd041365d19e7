// SPDX-License-Identifier: Apache-2.0
// The driver and dfu-util on the same simulated boot loaders: what one writes, the other finds.
#include <gmock/gmock.h>

#include "tests/drivers/usb_lab_run.hpp"

namespace hilltop::drivers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto address = "{driver: dfu, serial: DFU0001}";

std::string firmware(std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(i * 13 + i / 251);
  return out;
}

class DfuOnUsb : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = tests::UsbLabRun::missing(); !why.empty()) GTEST_SKIP() << why;
    lab.write("fw.bin", firmware(20'000));
  }
  std::string flash_fw() { return "flash " + lab.path("fw.bin").string(); }
  std::vector<std::string> board(const std::string& options) {
    return {options + ",file=" + lab.path("flash").string() + ",state=" + lab.path("state").string()};
  }
  tests::UsbLabRun lab;
};

TEST_F(DfuOnUsb, WhatTheDriverWritesDfuUtilReads) {
  const auto done = lab.drive(board("dfu,slow"), address, {flash_fw()});
  EXPECT_EQ(done.status, 0) << done.text;
  EXPECT_TRUE(lab.read("flash") == firmware(20'000));
  const auto uploaded = lab.run(board("dfu"), {"dfu-util", "-S", "DFU0001", "-U", lab.path("back").string()});
  EXPECT_EQ(uploaded.status, 0) << uploaded.text;
  EXPECT_TRUE(lab.read("back") == firmware(20'000));
}

TEST_F(DfuOnUsb, DfuUtilAndTheDriverLeaveTheSameBehind) {
  const auto theirs = lab.run(board("dfu"), {"dfu-util", "-S", "DFU0001", "-D", lab.path("fw.bin").string()});
  EXPECT_EQ(theirs.status, 0) << theirs.text;
  const auto flash = lab.read("flash");
  std::filesystem::remove(lab.path("flash"));
  const auto ours = lab.drive(board("dfu"), address, {flash_fw()});
  EXPECT_EQ(ours.status, 0) << ours.text;
  EXPECT_TRUE(lab.read("flash") == flash);
}

TEST_F(DfuOnUsb, ARunningApplicationIsDetachedAndItsLoaderFoundInItsPlace) {
  const auto done =
      lab.drive(board("dfu,runtime=1209:0001"), "{driver: dfu, serial: DFU0001, usb_id: '1209:0001'}", {flash_fw()});
  EXPECT_EQ(done.status, 0) << done.text;
  EXPECT_THAT(lab.read("state"), HasSubstr("dfu detach"));
  EXPECT_TRUE(lab.read("flash") == firmware(20'000));
}

TEST_F(DfuOnUsb, AFileForAnotherBoardWritesNothing) {
  lab.run({"dfu"}, {"dfu-suffix", "-v", "0483", "-p", "0042", "-a", lab.path("fw.bin").string()});
  const auto done = lab.drive(board("dfu"), address, {flash_fw()});
  EXPECT_EQ(done.status, 1) << done.text;
  EXPECT_THAT(done.text, HasSubstr("mismatch"));
  EXPECT_THAT(lab.read("state"), Not(HasSubstr("dfu image")));
}

TEST_F(DfuOnUsb, TheDevicesOwnErrorIsTold) {
  const auto done = lab.drive(board("dfu,fail=7"), address, {flash_fw()});
  EXPECT_EQ(done.status, 1) << done.text;
  EXPECT_THAT(done.text, HasSubstr("errVERIFY"));
}

TEST_F(DfuOnUsb, OfTwoBoardsTheOneWithTheSerialNumberIsWritten) {
  auto devices = board("dfu");
  devices.push_back("dfu,serial=DFU0002,file=" + lab.path("other").string());
  const auto done = lab.drive(devices, address, {flash_fw()});
  EXPECT_EQ(done.status, 0) << done.text;
  EXPECT_TRUE(lab.read("flash") == firmware(20'000));
  EXPECT_EQ(lab.read("other"), "");
}

TEST_F(DfuOnUsb, DfuSeErasesWritesAndLeavesAsDfuUtilDoes) {
  const auto done =
      lab.drive(board("dfuse,serial=DFU0001"), "{driver: dfu, serial: DFU0001, alt: 'Internal Flash'}", {flash_fw()});
  EXPECT_EQ(done.status, 0) << done.text;
  EXPECT_THAT(lab.read("state"), HasSubstr("dfu leave"));
  const auto ours = lab.read("flash").substr(0, 20'000);
  EXPECT_TRUE(ours == firmware(20'000));
  const auto read = lab.run(board("dfuse,serial=DFU0001"), {"dfu-util", "-S", "DFU0001", "-a", "0", "-s",
                                                            "0x08000000:20000", "-U", lab.path("back").string()});
  EXPECT_EQ(read.status, 0) << read.text;
  EXPECT_TRUE(lab.read("back") == firmware(20'000));
}

}  // namespace
}  // namespace hilltop::drivers
