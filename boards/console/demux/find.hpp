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

using ByteVector = std::uint8_t __attribute__((vector_size(16)));

/// The first place from `from` on for which hits(at), a vector of the places at to at + 15, is not 0; `end` where there
/// is none before it (the last few places are not looked at: the value is then the first of these).
template <class Hits>
[[nodiscard]] inline std::size_t find_hit(std::size_t from, std::size_t end, const Hits& hits) {
  using Halves = std::uint64_t __attribute__((vector_size(16)));
  constexpr std::size_t lanes = sizeof(ByteVector);
  const auto any = [](auto all) {
    const auto halves = std::bit_cast<Halves>(all);
    return (halves[0] | halves[1]) != 0;
  };
  while (from + 4 * lanes <= end &&
         !any(hits(from) | hits(from + lanes) | hits(from + 2 * lanes) | hits(from + 3 * lanes)))
    from += 4 * lanes;
  for (; from + lanes <= end; from += lanes) {
    const auto halves = std::bit_cast<Halves>(hits(from));
    if (halves[0] != 0) return from + first_byte(halves[0]);
    if (halves[1] != 0) return from + lanes / 2 + first_byte(halves[1]);
  }
  return from;
}

[[nodiscard]] inline ByteVector load_bytes(std::string_view bytes, std::size_t at) {
  ByteVector out;
  std::memcpy(&out, bytes.data() + at, sizeof out);
  return out;
}

/// The first of `bytes` from `from` on that is one of `needles`, or bytes.size(). 64 bytes at a time, by vectors of 16
/// that every machine has (Highway's own baseline for x86-64 is no SIMD at all, and a dispatch costs what a line does).
template <class... Needles>
[[nodiscard]] inline std::size_t find_any(std::string_view bytes, std::size_t from, Needles... needles) {
  static_assert(sizeof...(needles) >= 2);
  from = find_hit(from, bytes.size(), [bytes, needles...](std::size_t at) {
    const auto block = load_bytes(bytes, at);
    return ((block == static_cast<std::uint8_t>(needles)) | ...);
  });
  while (from < bytes.size() && ((bytes[from] != needles) && ...)) ++from;
  return from;
}

}  // namespace hilltop::boards::demux
