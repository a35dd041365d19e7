// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/drivers/storage/fake_sysfs.hpp"

namespace hilltop::drivers {
namespace {

using ::testing::HasSubstr;

class UsbDisks : public ::testing::Test {
 protected:
  UsbDisk only() { return usb_disks(sysfs.roots()).value().at(0); }
  std::string refusal() {
    const auto result = check_unused(only(), sysfs.roots());
    return result ? "" : result.error().text;
  }
  tests::FakeSysfs sysfs;
};

TEST_F(UsbDisks, AreToldWithTheirDevicesAndNodes) {
  sysfs.add({.serial = "00048.00643", .model = "sdmux HS-SD/MMC"});
  const auto disk = only();
  EXPECT_EQ(disk.node, sysfs.path("dev/sdb"));
  EXPECT_EQ(disk.generic, sysfs.path("dev/sg3"));
  EXPECT_EQ(disk.bytes, 8u << 20);
  EXPECT_TRUE(disk.removable);
  EXPECT_EQ(disk.model, "sdmux HS-SD/MMC");
  EXPECT_EQ(disk.device.path, "1-1.4.1");
  EXPECT_EQ(disk.device.vendor, 0x0424);
  EXPECT_EQ(disk.device.serial, "00048.00643");
}

TEST_F(UsbDisks, ADiskThatIsNotOnUsbIsNone) {
  sysfs.write("sys/devices/pci0000:00/nvme0/nvme0n1/size", "2000000");
  std::filesystem::create_directory_symlink(sysfs.path("sys/devices/pci0000:00/nvme0/nvme0n1"),
                                            sysfs.path("sys/block/nvme0n1"));
  EXPECT_TRUE(usb_disks(sysfs.roots()).value().empty());
}

TEST_F(UsbDisks, AreFoundBySerialOrPlaceAndNeverByGuess) {
  sysfs.add({.name = "sdb", .usb_path = "1-1", .serial = "A"});
  sysfs.add({.name = "sdc", .usb_path = "1-2", .serial = "A"});
  const auto disks = usb_disks(sysfs.roots()).value();
  EXPECT_EQ(find_usb_disk(disks, {.path = "1-2"})->name, "sdc");
  EXPECT_EQ(find_usb_disk(disks, {.serial = "A"}).error().code, Errc::bad_input);
  EXPECT_EQ(find_usb_disk(disks, {.serial = "A", .path = "1-1"})->name, "sdb");
  EXPECT_EQ(find_usb_disk(disks, {.serial = "B"}).error().code, Errc::unavailable);
}

TEST_F(UsbDisks, WhatIsMountedSwappedToOrBuiltOnIsInUse) {
  sysfs.add({});
  EXPECT_EQ(refusal(), "");
  const auto disk = "sys/devices/pci0000:00/0000:00:14.0/usb1/1-1.4.1/1-1.4.1:1.0/host6/target6:0:0/6:0:0:0/block/sdb";
  sysfs.write(std::string(disk) + "/sdb1/partition", "1");
  sysfs.write(std::string(disk) + "/sdb1/dev", "8:17");
  EXPECT_EQ(refusal(), "");
  sysfs.write("proc/swaps", "Filename\n" + sysfs.path("dev/sdb1").string() + " partition 1 0 -2\n");
  EXPECT_THAT(refusal(), HasSubstr("swapped to"));
  sysfs.write("proc/self/mountinfo", "30 21 8:17 / /media/card rw - vfat /dev/sdb1 rw\n");
  EXPECT_THAT(refusal(), HasSubstr("mounted at /media/card"));
  sysfs.write(std::string(disk) + "/sdb1/holders/dm-0/name", "x");
  EXPECT_THAT(refusal(), HasSubstr("dm-0 is built on it"));
}

}  // namespace
}  // namespace hilltop::drivers
