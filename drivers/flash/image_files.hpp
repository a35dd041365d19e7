// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/api/flasher.hpp"
#include "drivers/protocol/image.hpp"

namespace hilltop::drivers {

/// All bytes of a file that may be an image. Errors: not_found, bad_input (job), with the file's name.
Result<std::string> read_image_bytes(const std::filesystem::path& path);

/// "elf", "hex", "srec", "uf2" or "raw".
[[nodiscard]] std::string_view format_name(ImageFormat format);

/// Reads one file as the image that it is. `format`: as format_name() says. Errors: not_found, bad_input (job).
Result<Image> read_image_file(const std::filesystem::path& path, std::string_view format,
                              std::uint64_t raw_address = 0);

/// Reads all files before anything is touched. Errors: not_found, bad_input (job) with the file's name.
Result<std::vector<Image>> read_images(const std::vector<FlashImage>& images);

/// How many bytes they hold.
[[nodiscard]] std::uint64_t size_of(const std::vector<Image>& images);

}  // namespace hilltop::drivers
