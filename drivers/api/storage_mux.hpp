// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

#include "drivers/core/task.hpp"

namespace hilltop::drivers {

/// Who has the card (or the USB stick).
enum class MuxSide : std::uint8_t { off, host, board, unknown };
[[nodiscard]] std::string_view to_string(MuxSide side) noexcept;

/// What a whole card is to hold.
struct StorageImage {
  std::filesystem::path path;       ///< raw: as it will be on the card
  std::filesystem::path bmap = {};  ///< which of its blocks hold data (bmaptool's file); "": all
};
/// Bytes written and bytes in all; on the worker's thread.
using StorageProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

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

  /// Takes the card to the host, writes it, reads it back, and gives it to the board. The board should be without
  /// power. Errors: those above; bad_input (job) for an image that is damaged or does not fit; busy (infrastructure)
  /// when the host uses the disk; mismatch (dut) when the card holds something else than was written; unsupported
  /// (configuration) where the mux has no disk on this host.
  /// Cancel: between pieces; the card stays half written, and with the host.
  virtual Task<> write(StorageImage image, StorageProgress progress, Deadline deadline);
};

}  // namespace hilltop::drivers
