// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "drivers/core/task.hpp"

namespace hilltop::drivers {

/// Who has the card (or the USB stick).
enum class MuxSide : std::uint8_t { off, host, board, unknown };
[[nodiscard]] std::string_view to_string(MuxSide side) noexcept;

/// A card that either the host or the board can reach.
/// Thread: the worker's. One operation at a time (the board session sees to that).
class StorageMux {
 public:
  virtual ~StorageMux() = default;

  /// Switches and, where the device can say it, reads back until it agrees. To the board only while the host has
  /// written everything. Errors: mismatch, unavailable, timeout (infrastructure).
  virtual Task<> set(MuxSide side, Deadline deadline) = 0;
  /// What the device says; `unknown` where it cannot say.
  virtual Task<MuxSide> side(Deadline deadline) = 0;
  /// The card's block device while the host has it, once it has appeared: the one of the configured mux and no other.
  /// Errors: unavailable, mismatch (infrastructure).
  virtual Task<std::filesystem::path> block_device(Deadline deadline) = 0;
};

}  // namespace hilltop::drivers
