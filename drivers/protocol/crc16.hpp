// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace hilltop::drivers {

/// CRC-16/XMODEM: polynomial 0x1021, from `crc` on (0 at the begin), not reflected; of "123456789" it is 0x31c3.
/// Source: ITU-T V.41, appendix I; Zephyr lib/crc/crc16_sw.c, crc16_itu_t().
[[nodiscard]] constexpr std::uint16_t crc16_xmodem(std::string_view bytes, std::uint16_t crc = 0) {
  constexpr std::uint16_t polynomial = 0x1021;
  for (const char c : bytes) {
    crc = static_cast<std::uint16_t>(crc ^ static_cast<std::uint8_t>(c) << 8);
    for (int bit = 0; bit < 8; ++bit)
      crc = static_cast<std::uint16_t>((crc & 0x8000) != 0 ? crc << 1 ^ polynomial : crc << 1);
  }
  return crc;
}
static_assert(crc16_xmodem("123456789") == 0x31c3);

}  // namespace hilltop::drivers
