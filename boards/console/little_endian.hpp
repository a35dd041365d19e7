// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>

namespace hilltop::boards {

/// Stores `value` at `out`, least significant byte first.
template <std::unsigned_integral T>
void put_le(char* out, T value) {
  if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
  std::memcpy(out, &value, sizeof value);
}

/// The value that put_le() stored at `in`.
template <std::unsigned_integral T>
[[nodiscard]] T get_le(const char* in) {
  T value = 0;
  std::memcpy(&value, in, sizeof value);
  if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
  return value;
}

}  // namespace hilltop::boards
