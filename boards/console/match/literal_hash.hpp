// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>

namespace hilltop::boards {

/// Of 16 bytes.
inline std::uint32_t literal_hash(const std::uint8_t* bytes) {
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  std::memcpy(&a, bytes, 8);
  std::memcpy(&b, bytes + 8, 8);
  const auto mixed = (a ^ (b << 32 | b >> 32)) * 0x9E3779B97F4A7C15ULL ^ b * 0xC2B2AE3D27D4EB4FULL;
  return static_cast<std::uint32_t>(mixed >> 32);
}

}  // namespace hilltop::boards
