// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <hwy/highway.h>

#include <cstdint>
#include <cstring>
#include <string_view>

namespace hilltop::boards::demux {

/// The first of `bytes` from `from` on that is one of `needles`, or bytes.size(). One pass by vectors of the machine's
/// baseline; for one needle glibc's memchr is better.
template <class... Needles>
[[nodiscard]] inline std::size_t find_any(std::string_view bytes, std::size_t from, Needles... needles) {
  static_assert(sizeof...(needles) >= 2);
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::ScalableTag<std::uint8_t> tag;
  const std::size_t lanes = hn::Lanes(tag);
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  for (; from + lanes <= bytes.size(); from += lanes) {
    const auto block = hn::LoadU(tag, data + from);
    auto hits = hn::Ne(block, block);
    ((hits = hn::Or(hits, hn::Eq(block, hn::Set(tag, static_cast<std::uint8_t>(needles))))), ...);
    if (const auto at = hn::FindFirstTrue(tag, hits); at >= 0) return from + static_cast<std::size_t>(at);
  }
  while (from < bytes.size() && ((bytes[from] != needles) && ...)) ++from;
  return from;
}

/// The first `needle` of `bytes` from `from` on, or bytes.size().
[[nodiscard]] inline std::size_t find_byte(std::string_view bytes, std::size_t from, char needle) {
  if (from >= bytes.size()) return bytes.size();
  const void* at = std::memchr(bytes.data() + from, needle, bytes.size() - from);
  return at == nullptr ? bytes.size() : static_cast<std::size_t>(static_cast<const char*>(at) - bytes.data());
}

}  // namespace hilltop::boards::demux
