// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "drivers/core/clock.hpp"
#include "drivers/core/lane.hpp"

namespace hilltop::drivers {

/// A pcap file that is written on a lane of its own: a slow disk holds up no frame.
/// Thread: of its executor.
class CaptureFile {
 public:
  /// Errors: io (infrastructure).
  static Result<std::unique_ptr<CaptureFile>> create(const std::filesystem::path& path, std::uint64_t bytes_most);
  ~CaptureFile();

  /// Adds a frame, unless the file is full, or the disk is so slow that too much waits already.
  void add(UtcTime time, std::string_view frame);
  /// Waits until all is written. Value: frames written. Errors: io (infrastructure).
  static Task<std::uint64_t> finish(std::unique_ptr<CaptureFile> self);

 private:
  struct Sink;
  CaptureFile(std::unique_ptr<Sink> sink, std::uint64_t bytes_most);
  void hand_over();

  std::unique_ptr<Sink> sink_;
  std::string buffer_;
  std::uint64_t bytes_left_;
  std::uint64_t frames_ = 0;
  std::uint64_t left_out_ = 0;
  Lane lane_;  // last: its thread uses the sink
};

}  // namespace hilltop::drivers
