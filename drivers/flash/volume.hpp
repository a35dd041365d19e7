// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "drivers/core/lane.hpp"
#include "drivers/core/process.hpp"
#include "drivers/usb/usb_disk.hpp"

namespace hilltop::drivers {

/// Runs mtools. Tests put a board behind it.
class VolumeTools {
 public:
  virtual ~VolumeTools() = default;
  /// As run_tool().
  virtual Task<ToolOutput> run(Command command, Deadline deadline);
};

/// A board's drag-and-drop volume: a small FAT file system on a USB disk of its own, never mounted.
struct Volume {
  UsbMatch match = {};
  DiskRoots roots = {};
  std::shared_ptr<VolumeTools> tools = std::make_shared<VolumeTools>();
  std::shared_ptr<Lane> lane = std::make_shared<Lane>();
};

/// No drag-and-drop volume is larger: DAPLink shows 64 MiB, UF2 boot loaders 128 MiB, an MPS board's card 4 GB.
inline constexpr std::uint64_t largest_volume = 8ull << 30;

/// The volume's disk, once it is there with a medium, unused by the host. Errors: unavailable, busy (infrastructure);
/// mismatch (infrastructure) for a disk that is too large to be one, or not removable.
Task<UsbDisk> find_volume(std::shared_ptr<Volume> volume, Deadline deadline);

/// A small text file of the volume; nothing where it has none. Errors: io (infrastructure) with what mtools says.
Task<std::optional<std::string>> read_text(std::shared_ptr<Volume> volume, UsbDisk disk, std::string name,
                                           Deadline deadline);
/// Whether a file of that name is there. Errors: as read_text().
Task<bool> has_file(std::shared_ptr<Volume> volume, UsbDisk disk, std::string name, Deadline deadline);
/// Copies a file there, over what has its name. Errors: io (infrastructure).
Task<> copy_file(std::shared_ptr<Volume> volume, UsbDisk disk, std::filesystem::path from, std::string name,
                 Deadline deadline);

/// "Unique ID: 0240..." of a text with such lines; "" where it has none.
[[nodiscard]] std::string value_of(std::string_view text, std::string_view key);

/// Whether the disk is there now, as the same enumeration. Errors: io (infrastructure).
Result<bool> is_still_there(const Volume& volume, const UsbDisk& disk);

}  // namespace hilltop::drivers
