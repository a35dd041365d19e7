// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>

#include "boards/console/file.hpp"

namespace hilltop::bench {

/// The real disk, until it is told to stall; and it remembers what a power cut would leave: the length of each file at
/// its last sync, in the file `synced` (lines "LENGTH PATH", the last of a path counts).
class FaultyDisk final : public boards::Disk {
 public:
  /// `synced` empty: does not write it.
  explicit FaultyDisk(const std::string& synced);
  void stall(bool on);

  ssize_t write(int fd, std::span<const iovec> pieces, std::uint64_t position) override;
  int sync(int fd) override;

 private:
  void wait_while_stalled();
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stalled_ = false;
  boards::FileHandle synced_;
};

}  // namespace hilltop::bench
