// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "drivers/usb/usb_disk.hpp"
#include "tests/drivers/temporary_dir.hpp"

namespace hilltop::tests {

/// Folders as /sys, /dev and /proc are, with disks that are files.
class FakeSysfs {
 public:
  FakeSysfs() {
    for (const char* name : {"sys/block", "dev", "proc/self"}) std::filesystem::create_directories(dir_.path() / name);
    write("proc/self/mountinfo", "21 1 259:2 / / rw,relatime - ext4 /dev/nvme0n1p2 rw\n");
    write("proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n");
  }

  struct Disk {
    std::string name = "sdb", usb_path = "1-1.4.1", vendor = "0424", product = "4050", serial = "";
    std::string model = "Card Reader", number = "8:16", removable = "1", read_only = "0";
    std::uint64_t bytes = 8 << 20;
  };
  /// Plugs it in, with a medium full of 0xee.
  void add(const Disk& disk) {
    const auto usb = "sys/devices/pci0000:00/0000:00:14.0/usb1/" + disk.usb_path;
    const auto scsi = usb + "/" + disk.usb_path + ":1.0/host6/target6:0:0/6:0:0:0";
    const auto block = scsi + "/block/" + disk.name;
    write(usb + "/idVendor", disk.vendor), write(usb + "/idProduct", disk.product);
    write(usb + "/busnum", "1"), write(usb + "/devnum", "9");
    if (!disk.serial.empty()) write(usb + "/serial", disk.serial);
    write(scsi + "/model", disk.model + "   ");
    std::filesystem::create_directories(dir_.path() / scsi / "scsi_generic/sg3");
    write(block + "/size", std::to_string(disk.bytes / 512));
    write(block + "/removable", disk.removable), write(block + "/ro", disk.read_only);
    write(block + "/dev", disk.number);
    std::filesystem::create_directories(dir_.path() / block / "holders");
    std::filesystem::create_directory_symlink(dir_.path() / scsi, dir_.path() / block / "device");
    std::filesystem::create_directory_symlink(dir_.path() / block, dir_.path() / "sys/block" / disk.name);
    if (disk.bytes > 0) write("dev/" + disk.name, std::string(disk.bytes, '\xee'));
  }
  void remove(const std::string& name) {
    std::filesystem::remove(dir_.path() / "sys/block" / name);
    std::filesystem::remove(dir_.path() / "dev" / name);
  }
  /// A file or attribute; folders are made.
  void write(const std::string& file, const std::string& text) {
    std::filesystem::create_directories((dir_.path() / file).parent_path());
    std::ofstream(dir_.path() / file, std::ios::binary) << text;
  }
  [[nodiscard]] std::string read(const std::string& file) const {
    std::ifstream in(dir_.path() / file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] std::filesystem::path path(const std::string& file) const { return dir_.path() / file; }
  [[nodiscard]] drivers::DiskRoots roots() const {
    return {dir_.path() / "sys", dir_.path() / "dev", dir_.path() / "proc"};
  }

 private:
  TemporaryDir dir_;
};

}  // namespace hilltop::tests
