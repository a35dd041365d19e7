// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/images_apart.hpp"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>

#include "drivers/protocol/elf.hpp"
#include "drivers/protocol/intel_hex.hpp"
#include "drivers/protocol/srec.hpp"
#include "drivers/protocol/uf2.hpp"

namespace hilltop::jobs {
namespace {

using drivers::ImageFormat;

Result<drivers::Image> read(const drivers::FlashImage& image) {
  std::ifstream in(image.path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), {});
  const auto name = image.path.filename().string();
  switch (image.format) {
    case ImageFormat::elf:
      return drivers::read_elf(bytes, name);
    case ImageFormat::intel_hex:
      return drivers::read_intel_hex(bytes, name);
    case ImageFormat::srec:
      return drivers::read_srec(bytes, name);
    case ImageFormat::uf2:
      return drivers::read_uf2(bytes, name);
    case ImageFormat::raw:
      break;
  }
  return drivers::read_raw(std::move(bytes), image.address.value_or(0), name);
}

}  // namespace

Result<> images_apart(const std::vector<drivers::FlashImage>& images) {
  if (images.size() < 2) return ok();
  std::vector<drivers::Image> all;
  for (const auto& image : images)
    if (auto one = read(image)) all.push_back(*std::move(one));
  drivers::MemoryRange everything;
  everything.name = "memory";
  everything.size = UINT64_MAX;
  return drivers::check_fit(all, {everything});
}

}  // namespace hilltop::jobs
