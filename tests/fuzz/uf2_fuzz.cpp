// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>

#include "drivers/protocol/uf2.hpp"

/// An image that was read is arranged, and no larger than its file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto image = hilltop::drivers::read_uf2({reinterpret_cast<const char*>(data), size}, "fuzz.uf2");
  if (!image) return image.error().text.empty() ? (std::abort(), 0) : 0;
  if (image->segments.empty() || image->size() > size) std::abort();
  for (std::size_t i = 1; i < image->segments.size(); ++i)
    if (image->segments[i].address <= image->segments[i - 1].end()) std::abort();
  return 0;
}
