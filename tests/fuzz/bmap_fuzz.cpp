// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>

#include "drivers/protocol/bmap.hpp"

/// A map that was read stays within its image, its ranges in order.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto map = hilltop::drivers::read_bmap({reinterpret_cast<const char*>(data), size});
  if (!map) return map.error().text.empty() ? (std::abort(), 0) : 0;
  if (map->mapped_bytes() > map->image_bytes) std::abort();
  for (std::size_t i = 1; i < map->ranges.size(); ++i)
    if (map->ranges[i].first <= map->ranges[i - 1].last) std::abort();
  return 0;
}
