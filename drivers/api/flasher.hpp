// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "drivers/core/task.hpp"

namespace hilltop::drivers {

enum class ImageFormat : std::uint8_t { elf, intel_hex, raw, srec, uf2 };

/// One file to be written. All formats but raw carry their addresses; raw needs `address`.
struct FlashImage {
  std::filesystem::path path;
  ImageFormat format = ImageFormat::raw;
  std::optional<std::uint64_t> address;  ///< first byte, for raw
  std::string part = {};  ///< which part of the board's storage takes it (DFU: an alternate setting); "": the usual one
};

/// Bytes written and bytes in all; on the worker's thread.
using FlashProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Writes images to a board's storage by any route, and verifies them.
class Flasher {
 public:
  virtual ~Flasher() = default;

  /// Writes all images and reads them back. Leaves the board powered as it was, reset, the new image running or ready
  /// to run at the next power-on.
  /// Errors: bad_input (job) for an unreadable file, overlapping images, or bytes outside of the board's memory (nothing
  /// is touched then); mismatch (dut) when the read-back differs; unavailable, timeout (infrastructure).
  /// Cancel: between chunks; storage stays half written.
  virtual Task<> flash(std::vector<FlashImage> images, FlashProgress progress, Deadline deadline) = 0;
  /// Whether the board must have power for it: an emulated one need not.
  [[nodiscard]] virtual bool needs_power() const { return true; }
};

}  // namespace hilltop::drivers
