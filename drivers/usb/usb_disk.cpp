// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/usb_disk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

namespace hilltop::drivers {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t sector_bytes = 512;  // of /sys/block/*/size, whatever the disk's own sectors are

/// An attribute of sysfs: its first line; "" where there is none.
std::string attribute(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  while (!line.empty() && (line.back() == ' ' || line.back() == '\n')) line.pop_back();
  return line;
}

template <class Number>
Number number(const std::string& text, int base) {
  Number out = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), out, base);
  return out;
}

UsbDeviceInfo read_device(const fs::path& dir) {
  UsbDeviceInfo out;
  out.path = dir.filename().string();
  out.bus = number<std::uint8_t>(attribute(dir / "busnum"), 10);
  out.address = number<std::uint8_t>(attribute(dir / "devnum"), 10);
  out.vendor = number<std::uint16_t>(attribute(dir / "idVendor"), 16);
  out.product = number<std::uint16_t>(attribute(dir / "idProduct"), 16);
  out.manufacturer = attribute(dir / "manufacturer");
  out.name = attribute(dir / "product");
  out.serial = attribute(dir / "serial");
  return out;
}

/// The USB device above a disk; nothing for a disk that is not on USB.
std::optional<UsbDeviceInfo> device_above(fs::path dir) {
  for (; dir.has_relative_path(); dir = dir.parent_path()) {
    std::error_code ignored;
    if (fs::exists(dir / "idVendor", ignored)) return read_device(dir);
  }
  return {};
}

fs::path generic_of(const fs::path& block, const DiskRoots& roots) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(block / "device" / "scsi_generic", ignored))
    return roots.dev / entry.path().filename();
  return {};
}

std::optional<UsbDisk> read_disk(const fs::path& block, const DiskRoots& roots) {
  std::error_code error;
  const auto place = fs::canonical(block, error);
  if (error) return {};
  auto device = device_above(place);
  if (!device) return {};
  UsbDisk out;
  out.name = block.filename().string();
  out.node = roots.dev / out.name;
  out.generic = generic_of(block, roots);
  out.bytes = number<std::uint64_t>(attribute(block / "size"), 10) * sector_bytes;
  out.removable = attribute(block / "removable") == "1";
  out.read_only = attribute(block / "ro") == "1";
  out.model = attribute(block / "device" / "model");
  out.device = *std::move(device);
  return out;
}

/// The folders of a disk and of its partitions.
std::vector<fs::path> parts_of(const fs::path& block) {
  std::vector<fs::path> out{block};
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(block, ignored))
    if (fs::exists(entry.path() / "partition", ignored)) out.push_back(entry.path());
  return out;
}

Error used(const UsbDisk& disk, std::string how) {
  return {Errc::busy, Blame::infrastructure, disk.title() + " is not written to: " + std::move(how)};
}

}  // namespace

std::string UsbDisk::title() const { return fmt::format("{} ({}, {} bytes)", name, device.title(), bytes); }

Result<std::vector<UsbDisk>> usb_disks(const DiskRoots& roots) {
  std::error_code error;
  std::vector<UsbDisk> out;
  for (const auto& entry : fs::directory_iterator(roots.sys / "block", error))
    if (auto disk = read_disk(entry.path(), roots)) out.push_back(*std::move(disk));
  if (error) return system_error((roots.sys / "block").string(), error.value());
  std::ranges::sort(out, {}, &UsbDisk::name);
  return out;
}

Result<UsbDisk> find_usb_disk(const std::vector<UsbDisk>& disks, const UsbMatch& match) {
  std::vector<UsbDeviceInfo> devices;
  for (const auto& disk : disks) devices.push_back(disk.device);
  HILLTOP_TRY(const auto found, find_usb_device(devices, match));
  return *std::ranges::find_if(disks, [&](const UsbDisk& disk) { return disk.device.path == found.path; });
}

Result<> check_unused(const UsbDisk& disk, const DiskRoots& roots) {
  const auto parts = parts_of(roots.sys / "block" / disk.name);
  std::set<std::string> numbers;
  for (const auto& part : parts) {
    numbers.insert(attribute(part / "dev"));
    std::error_code ignored;
    for (const auto& holder : fs::directory_iterator(part / "holders", ignored))
      return used(disk, holder.path().filename().string() + " is built on it");
  }
  std::ifstream mounts(roots.proc / "self" / "mountinfo");
  if (!mounts) return Error(Errc::io, Blame::infrastructure, "can't read which file systems are mounted");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string id, parent, device, root, where;
    fields >> id >> parent >> device >> root >> where;
    if (!device.empty() && numbers.contains(device)) return used(disk, "it is mounted at " + where);
  }
  std::ifstream swaps(roots.proc / "swaps");
  for (std::string line; std::getline(swaps, line);)
    for (const auto& part : parts)
      if (line.starts_with((roots.dev / part.filename()).string() + " ")) return used(disk, "it is swapped to");
  return ok();
}

}  // namespace hilltop::drivers
