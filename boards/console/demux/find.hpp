// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace hilltop::boards::demux {

/// The first `needle` of `bytes` from `from` on, or bytes.size().
[[nodiscard]] inline std::size_t find_byte(std::string_view bytes, std::size_t from, char needle) {
  if (from >= bytes.size()) return bytes.size();
  const void* at = std::memchr(bytes.data() + from, needle, bytes.size() - from);
  return at == nullptr ? bytes.size() : static_cast<std::size_t>(static_cast<const char*>(at) - bytes.data());
}

/// Which byte in memory is the first that is not 0.
[[nodiscard]] inline std::size_t first_byte(std::uint64_t bytes) {
  const int bits = std::endian::native == std::endian::little ? std::countr_zero(bytes) : std::countl_zero(bytes);
  return static_cast<std::size_t>(bits) / 8;
}

/// The first of `bytes` from `from` on that is one of `needles`, or bytes.size(). 64 bytes at a time, by vectors of 16
/// that every machine has (Highway's own baseline for x86-64 is no SIMD at all, and a dispatch costs what a line does).
template <class... Needles>
[[nodiscard]] inline std::size_t find_any(std::string_view bytes, std::size_t from, Needles... needles) {
  static_assert(sizeof...(needles) >= 2);
  using Vector = std::uint8_t __attribute__((vector_size(16)));
  using Halves = std::uint64_t __attribute__((vector_size(16)));
  constexpr std::size_t lanes = sizeof(Vector);
  const auto hits_at = [&](std::size_t at) {
    Vector block;
    std::memcpy(&block, bytes.data() + at, lanes);
    return ((block == static_cast<std::uint8_t>(needles)) | ...);
  };
  const auto any = [](auto hits) {
    const auto halves = std::bit_cast<Halves>(hits);
    return (halves[0] | halves[1]) != 0;
  };
  while (from + 4 * lanes <= bytes.size() &&
         !any(hits_at(from) | hits_at(from + lanes) | hits_at(from + 2 * lanes) | hits_at(from + 3 * lanes)))
    from += 4 * lanes;
  for (; from + lanes <= bytes.size(); from += lanes) {
    const auto halves = std::bit_cast<Halves>(hits_at(from));
    if (halves[0] != 0) return from + first_byte(halves[0]);
    if (halves[1] != 0) return from + lanes / 2 + first_byte(halves[1]);
  }
  while (from < bytes.size() && ((bytes[from] != needles) && ...)) ++from;
  return from;
}

}  // namespace hilltop::boards::demux
