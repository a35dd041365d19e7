// SPDX-License-Identifier: Apache-2.0
#include "boards/console/demux/worlds.hpp"

#include <gtest/gtest.h>

#include "tests/boards/console/demux/invariance.hpp"

namespace hilltop::boards::demux {
namespace {

TEST(WorldsDecoder, ArmTrustedFirmwareUBootAndLinuxAreToldApart) {
  const std::string spl = "\r\nU-Boot SPL 2023.01 (Jan 01 2023)\r\nTrying to boot from MMC1\r\n";
  const std::string bl31 = "NOTICE:  BL31: v2.8\r\nINFO:    GICv3\r\nWARNING: No OPTEE\r\n";
  const std::string uboot =
      "\r\n\r\nU-Boot 2023.01 (Jan 01 2023)\r\nDRAM:  512 MiB\r\n=> booti\r\nStarting kernel ...\r\n";
  const std::string linux_log = "\r\n[    0.000000] Booting Linux\r\nWelcome\r\n";
  const auto out = demuxed("worlds", spl + bl31 + uboot + linux_log);
  EXPECT_EQ(stream(out, "text"), "\r\n");
  EXPECT_EQ(stream(out, "secure"), bl31);
  EXPECT_EQ(stream(out, "bootloader"), spl.substr(2) + uboot);
  EXPECT_EQ(stream(out, "nonsecure"), linux_log);
}

TEST(WorldsDecoder, BehindWorldsTheKernelIsToldFromTheShell) {
  const auto out = demuxed("worlds,kernel", "I/TC: OP-TEE version: 3.20\nboot\n[    0.000000] Linux\nlogin: ");
  EXPECT_EQ(stream(out, "secure"), "I/TC: OP-TEE version: 3.20\n");
  EXPECT_EQ(stream(out, "kernel"), "[    0.000000] Linux\n");
  EXPECT_EQ(stream(out, "shell"), "boot\nlogin: ");
}

TEST(WorldsDecoder, AnOpTeeMessageInTheMiddleOfALineIsTakenOut) {
  const std::string line = "<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=tee RESULT=pass>\n";
  for (const std::string& message : {std::string("D/TC:0 0 call_initcall:40 x\n"), std::string("I/TA: Hello\n"),
                                     std::string("E/TC:? 0 panic\n"), std::string("[Sec Error] bad handle\r\n")})
    for (std::size_t at = 0; at <= line.size(); ++at) {
      const auto out = demuxed("worlds", "NOTICE:  BL31: x\n" + line.substr(0, at) + message + line.substr(at));
      EXPECT_EQ(stream(out, "nonsecure"), line) << message << at;
      EXPECT_EQ(stream(out, "secure"), "NOTICE:  BL31: x\n" + message) << message << at;
    }
}

TEST(WorldsDecoder, McubootSpeaksUntilItJumps) {
  const std::string boot =
      "*** Booting MCUboot v2.1.0 ***\r\nI: Starting bootloader\r\nI: Jumping to the first image slot\r\n";
  const std::string rest = "*** Booting Zephyr OS build v3.7.0 ***\r\nI: mine\r\n";
  const auto out = demuxed("worlds", boot + rest);
  EXPECT_EQ(stream(out, "bootloader"), boot);
  EXPECT_EQ(stream(out, "text"), rest);
}

TEST(WorldsDecoder, TfMIsSecureAndItsBootLoaderIsNot) {
  const std::string boot =
      "[INF] Starting bootloader\r\n[INF] Swap type: none\r\n[INF] Jumping to the first image slot\r\n";
  const std::string secure =
      "TF-M isolation level is: 0x00000001\r\nCreating an empty ITS flash layout.\r\nBooting TF-M "
      "v2.0\r\n[INF][Crypto] seed\r\n\x1b[1;34m[Sec Thread] Secure image\x1b[0m\r\n";
  const std::string rest = "Non-Secure system starting...\r\n";
  const auto out = demuxed("worlds", boot + secure + rest);
  EXPECT_EQ(stream(out, "bootloader"), boot);
  EXPECT_EQ(stream(out, "secure"), secure);
  EXPECT_EQ(stream(out, "nonsecure"), rest);
}

TEST(WorldsDecoder, WhatTfMPrintsWhileItTestsItsSecureSideIsSecure) {
  const std::string area =
      "#### Execute test suites for the Secure area ####\r\nRunning Test Suite PSA...\r\n*** End of Secure test suites "
      "***\r\n";
  const std::string rest = "#### Execute test suites for the Non-secure area ####\r\nRunning Test Suite IPC...\r\n";
  const auto out = demuxed("worlds", area + rest);
  EXPECT_EQ(stream(out, "secure"), area);
  EXPECT_EQ(stream(out, "nonsecure"), rest);
}

TEST(WorldsDecoder, OrdinaryTextStaysWhereItWas) {
  const std::string text = "WARNING: x\nNOTE\nERROR: y\nUboot\n/TC: a/TA\nD/T\n***\nI: x\n[a/T] /TC:0\nU-Boot 1\n";
  const auto out = demuxed("worlds", text);
  EXPECT_EQ(stream(out, "text"), text);
  EXPECT_EQ(out.size(), 1U);
}

}  // namespace
}  // namespace hilltop::boards::demux
