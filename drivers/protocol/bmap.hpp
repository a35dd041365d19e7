// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/result.hpp"

namespace hilltop::drivers {

/// A part of an image that holds data.
struct BmapRange {
  std::uint64_t first = 0, last = 0;  ///< blocks, both included
  std::string sha256 = {};            ///< lower-case hex of its bytes; "" where the file has none
};

/// Which blocks of an image must be written: the rest is of no interest.
struct Bmap {
  std::uint64_t image_bytes = 0;
  std::uint64_t block_bytes = 0;
  std::vector<BmapRange> ranges = {};  ///< in order, apart

  [[nodiscard]] std::uint64_t mapped_bytes() const;
};

/// Reads bmaptool's file: versions 1 and 2, checksums of type sha256 (or none: before 1.3). The file's own checksum is
/// checked. Errors: bad_input (job) with what is wrong; unsupported (job) for other checksums.
/// Source: the bmap-tools project, documentation of the format in bmaptools/BmapCreate.py (version 2.0).
Result<Bmap> read_bmap(std::string_view text);

}  // namespace hilltop::drivers
