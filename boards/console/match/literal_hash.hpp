// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>

namespace hilltop::boards {

/// Of the four bytes of a fingerprint; the upper bits are the better ones.
inline std::uint32_t fingerprint_hash(std::uint32_t word) { return word * 0x9E3779B1U ^ (word * 0x85EBCA77U) >> 15; }
inline std::uint32_t fingerprint_at(const std::uint8_t* bytes) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

/// Of 16 bytes.
inline std::uint32_t literal_hash(const std::uint8_t* bytes) {
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  std::memcpy(&a, bytes, 8);
  std::memcpy(&b, bytes + 8, 8);
  auto mixed = a * 0x9E3779B97F4A7C15ULL + (b << 32 | b >> 32) * 0xC2B2AE3D27D4EB4FULL;
  mixed ^= mixed >> 32;  // the last bytes reach high bits only
  return static_cast<std::uint32_t>(mixed * 0xD6E8FEB86659FD93ULL >> 32);
}

}  // namespace hilltop::boards
