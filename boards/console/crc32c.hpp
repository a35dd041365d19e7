// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace hilltop::boards {

/// CRC32C (Castagnoli, reflected polynomial 0x82F63B78) of `bytes`, going on from `crc` (0 at the start).
/// Uses the processor's CRC32 instruction where there is one.
/// Source: RFC 3720 12.1 (polynomial 0x11EDC6F41) and appendix B.4 (test vectors).
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc = 0) noexcept;

/// The same by table on any machine: what the fast one is tested against.
[[nodiscard]] std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t crc = 0) noexcept;

}  // namespace hilltop::boards
