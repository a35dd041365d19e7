// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/result.hpp"

namespace hilltop::drivers {

/// A part of a disk image.
struct Partition {
  int number = 0;           ///< from 1, as Linux counts: sda1
  std::uint64_t start = 0;  ///< bytes
  std::uint64_t size = 0;   ///< bytes
  std::string type;         ///< "0c" (MBR), or the type's GUID in capitals (GPT)
  std::string name;         ///< GPT's, what of it is ASCII; "" otherwise
};

/// What lies at the beginning of a disk: enough for the tables that partitioning tools write.
inline constexpr std::size_t partition_table_bytes = 34 * 512;

/// The partitions of a disk (512-byte sectors) of `disk_bytes`, whose first bytes are `head`: at least
/// partition_table_bytes, or all of a smaller disk. Empty: it has no partition table. A GPT's check sums are held
/// against its bytes. Logical partitions within an extended one are not read. Errors: bad_input (job) for a damaged
/// table, and for partitions that overlap or lie outside of the disk. Source: UEFI 2.10, 5.2.1 (MBR) and 5.3 (GPT).
Result<std::vector<Partition>> read_partitions(std::string_view head, std::uint64_t disk_bytes);

}  // namespace hilltop::drivers
