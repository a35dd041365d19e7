// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "drivers/protocol/image.hpp"

namespace hilltop::drivers {

/// What an emulated board's memories hold while it has no power: a file each in the board's state folder.
/// A board that was never flashed holds the image it was delivered with.
/// Thread: any, one call at a time; the files are small and are read and written at once.
class QemuStorage {
 public:
  QemuStorage(std::filesystem::path dir, std::vector<MemoryRange> memories, std::filesystem::path boot_image);

  /// What the memories hold; blocks that are erased (all 0xff) are left out.
  /// Errors: bad_input, not_found (configuration) for a boot image that cannot be used; io (infrastructure).
  [[nodiscard]] Result<std::vector<Segment>> contents() const;
  /// Lays checked images over what the memories hold. Errors: as contents().
  Result<> keep(const std::vector<Image>& images) const;
  /// Where `memory` is kept: 0xff up to its last byte in use, or shorter.
  [[nodiscard]] std::filesystem::path file_of(const MemoryRange& memory) const;

 private:
  [[nodiscard]] Result<std::string> bytes_of(const MemoryRange& memory) const;
  [[nodiscard]] Result<Image> delivered() const;

  std::filesystem::path dir_;
  std::vector<MemoryRange> memories_;
  std::filesystem::path boot_image_;
};

/// Writes `bytes` to `path` by way of a file beside it. Errors: io (infrastructure).
Result<> replace_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace hilltop::drivers
