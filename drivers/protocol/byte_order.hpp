// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hilltop::drivers {

/// Numbers in network byte order (big-endian), at `at` of `bytes`; the caller has checked the length.
[[nodiscard]] inline std::uint16_t be16_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(bytes[at]) << 8 |
                                    static_cast<std::uint8_t>(bytes[at + 1]));
}
[[nodiscard]] inline std::uint32_t be32_at(std::string_view bytes, std::size_t at) {
  return std::uint32_t{be16_at(bytes, at)} << 16 | be16_at(bytes, at + 2);
}

inline void append_be16(std::string& out, std::uint16_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value & 0xff);
}
inline void append_be32(std::string& out, std::uint32_t value) {
  append_be16(out, static_cast<std::uint16_t>(value >> 16));
  append_be16(out, static_cast<std::uint16_t>(value & 0xffff));
}

/// The same in little-endian order, as USB has it.
[[nodiscard]] inline std::uint16_t le16_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(bytes[at]) |
                                    static_cast<std::uint8_t>(bytes[at + 1]) << 8);
}
[[nodiscard]] inline std::uint32_t le32_at(std::string_view bytes, std::size_t at) {
  return le16_at(bytes, at) | std::uint32_t{le16_at(bytes, at + 2)} << 16;
}

inline void append_le16(std::string& out, std::uint16_t value) {
  out += static_cast<char>(value & 0xff);
  out += static_cast<char>(value >> 8);
}
inline void append_le32(std::string& out, std::uint32_t value) {
  append_le16(out, static_cast<std::uint16_t>(value & 0xffff));
  append_le16(out, static_cast<std::uint16_t>(value >> 16));
}

}  // namespace hilltop::drivers
