// SPDX-License-Identifier: Apache-2.0
#include "drivers/flash/image_files.hpp"

#include <fstream>
#include <sstream>

#include "drivers/protocol/elf.hpp"
#include "drivers/protocol/intel_hex.hpp"
#include "drivers/protocol/srec.hpp"
#include "drivers/protocol/uf2.hpp"

namespace hilltop::drivers {

Result<std::string> read_image_bytes(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    return Error(Errc::not_found, Blame::job, path.string() + ": no such file");
  // A hex file is about three times as long as what it holds, an ELF file carries its debug information.
  if (const auto size = std::filesystem::file_size(path, error); error || size > 4 * largest_image_bytes)
    return Error(Errc::bad_input, Blame::job, path.string() + ": too large for an image");
  std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  if (!in) return Error(Errc::bad_input, Blame::job, path.string() + ": cannot be read");
  return std::move(bytes).str();
}

std::string_view format_name(ImageFormat format) {
  switch (format) {
    case ImageFormat::elf:
      return "elf";
    case ImageFormat::intel_hex:
      return "hex";
    case ImageFormat::srec:
      return "srec";
    case ImageFormat::uf2:
      return "uf2";
    case ImageFormat::raw:
      break;
  }
  return "raw";
}

Result<Image> read_image_file(const std::filesystem::path& path, std::string_view format, std::uint64_t raw_address) {
  HILLTOP_TRY(auto bytes, read_image_bytes(path));
  const auto name = path.filename().string();
  if (format == "elf") return read_elf(bytes, name);
  if (format == "hex") return read_intel_hex(bytes, name);
  if (format == "srec") return read_srec(bytes, name);
  if (format == "uf2") return read_uf2(bytes, name);
  return read_raw(std::move(bytes), raw_address, name);
}

Result<std::vector<Image>> read_images(const std::vector<FlashImage>& images) {
  std::vector<Image> out;
  for (const auto& image : images) {
    if (image.format == ImageFormat::raw && !image.address)
      return Error(Errc::bad_input, Blame::job, image.path.filename().string() + ": a raw image needs an address");
    HILLTOP_TRY(auto read, read_image_file(image.path, format_name(image.format), image.address.value_or(0)));
    out.push_back(std::move(read));
  }
  if (out.empty()) return Error(Errc::bad_input, Blame::job, "there is no image to flash");
  return out;
}

std::uint64_t size_of(const std::vector<Image>& images) {
  std::uint64_t sum = 0;
  for (const auto& image : images) sum += image.size();
  return sum;
}

}  // namespace hilltop::drivers
