// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "drivers/core/deadline.hpp"
#include "drivers/core/result.hpp"

/// U-Boot's legacy image header, 64 bytes in front of a ramdisk, all numbers big-endian. Source: U-Boot 2023.01
/// include/image.h, struct legacy_img_hdr.
namespace hilltop::jobs {

inline constexpr std::size_t legacy_header_bytes = 64;

enum class LegacyArch : std::uint8_t { arm = 2, x86 = 3, mips = 5, ppc = 7, arm64 = 22, x86_64 = 24, riscv = 26 };

/// The header of an uncompressed Linux ramdisk of `size` bytes whose CRC-32 is `data_crc`.
[[nodiscard]] std::array<char, legacy_header_bytes> legacy_ramdisk_header(std::uint32_t size, std::uint32_t data_crc,
                                                                          LegacyArch arch, std::string_view name);
/// A script for U-Boot's `source`, header and all. Source: U-Boot 2023.01 tools/default_image.c, cmd/source.c.
[[nodiscard]] std::string legacy_script(std::string_view text, std::string_view name);
/// Whether `begin` is a legacy image's header whose own checksum is right.
[[nodiscard]] bool is_legacy_header(std::string_view begin);

/// Writes `from` with a header before it to `to`. Blocks: call it on a lane. Errors: io, timeout (infrastructure);
/// bad_input (job) beyond 4 GiB.
[[nodiscard]] Result<> add_legacy_header(const std::filesystem::path& from, const std::filesystem::path& to,
                                         LegacyArch arch, Deadline deadline);
/// Takes the header off in place, when there is one. Value: whether there was. Errors: as above.
[[nodiscard]] Result<bool> strip_legacy_header(const std::filesystem::path& file, Deadline deadline);

}  // namespace hilltop::jobs
