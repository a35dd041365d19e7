// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "drivers/usb/usb_device.hpp"

namespace hilltop::drivers {

/// Where the kernel tells of disks. Tests have folders of their own.
struct DiskRoots {
  std::filesystem::path sys = "/sys";
  std::filesystem::path dev = "/dev";
  std::filesystem::path proc = "/proc";
};

/// A disk on USB, as sysfs tells it.
struct UsbDisk {
  std::string name = {};               ///< "sdb"
  std::filesystem::path node = {};     ///< "/dev/sdb"
  std::filesystem::path generic = {};  ///< "/dev/sg2", its SCSI generic node; "" without one
  std::uint64_t bytes = 0;             ///< 0: no medium
  bool removable = false;
  bool read_only = false;
  std::string model = {};
  UsbDeviceInfo device = {};  ///< its USB device: ids, strings and place

  [[nodiscard]] std::string title() const;  ///< "sdb (0424:4041 'sdmux' serial 00048.00643 at 1-1.2, 7948206080 bytes)"
};

/// All disks on USB, in order of their names. Errors: io (infrastructure) when sysfs cannot be read.
/// Source: Linux Documentation/ABI/stable/sysfs-block, testing/sysfs-bus-usb.
Result<std::vector<UsbDisk>> usb_disks(const DiskRoots& roots);

/// The one disk whose USB device is the one that `match` means. Errors: as find_usb_device().
Result<UsbDisk> find_usb_disk(const std::vector<UsbDisk>& disks, const UsbMatch& match);

/// Whether nobody uses the disk or a part of it: no mount (so no root file system), no swap, nothing built on it (LVM,
/// RAID, encryption). Errors: busy (infrastructure) with what uses it; io.
/// Source: proc(5), /proc/[pid]/mountinfo; Linux Documentation/ABI/testing/sysfs-block, holders.
Result<> check_unused(const UsbDisk& disk, const DiskRoots& roots);

}  // namespace hilltop::drivers
