// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "drivers/api/flasher.hpp"

namespace hilltop::jobs {

/// What kind of image a file is, by its first bytes: ELF by its magic (TIS ELF 1.2, figure 1-4), Intel HEX by a first
/// record that is one (Intel Hexadecimal Object File Format, revision A), else raw. Errors: io (infrastructure);
/// bad_input (job) for an empty file.
[[nodiscard]] Result<drivers::ImageFormat> image_format_of(const std::filesystem::path& path);

}  // namespace hilltop::jobs
