// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>

#include "drivers/protocol/elf.hpp"

/// An image that was read is arranged, and bounded whatever its headers promise.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto image = hilltop::drivers::read_elf({reinterpret_cast<const char*>(data), size}, "fuzz.elf");
  if (!image) return image.error().text.empty() ? (std::abort(), 0) : 0;
  if (image->segments.empty() || image->size() > hilltop::drivers::largest_image_bytes) std::abort();
  for (std::size_t i = 1; i < image->segments.size(); ++i)
    if (image->segments[i].address <= image->segments[i - 1].end()) std::abort();
  return 0;
}
