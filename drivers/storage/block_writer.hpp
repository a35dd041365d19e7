// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "drivers/core/deadline.hpp"
#include "drivers/core/result.hpp"
#include "drivers/protocol/bmap.hpp"

namespace hilltop::drivers {

/// Writes an image to a disk and reads it back, past the page cache where the disk allows that. A piece a call, so that
/// whoever calls it may stop between two.
/// Thread: any one at a time; its calls block.
class BlockWriter {
 public:
  /// Opens both; writes nothing. A bmap's checksums are compared with the image first, so that a wrong or damaged
  /// image changes no disk. Errors: bad_input (job) for an image that does not fit its bmap or the disk; busy, denied
  /// (infrastructure) for the disk; io.
  static Result<BlockWriter> open(std::filesystem::path image, const std::optional<Bmap>& map,
                                  std::filesystem::path disk, std::uint64_t disk_bytes);
  ~BlockWriter();
  BlockWriter(BlockWriter&& other) noexcept;
  BlockWriter& operator=(BlockWriter&&) = delete;
  BlockWriter(const BlockWriter&) = delete;

  /// Checks, writes or compares the next piece. Value: whether more is to be done. Errors: io (infrastructure);
  /// bad_input (job) as above; mismatch (dut) when the disk holds something else than was written.
  Result<bool> step();

  [[nodiscard]] std::uint64_t written() const { return written_; }  ///< bytes
  [[nodiscard]] std::uint64_t total() const { return total_; }      ///< bytes that are to be written

 private:
  struct Extent {
    std::uint64_t start, bytes;
    std::string sha256;
  };
  enum class Phase : std::uint8_t { checking, writing, comparing, done };
  BlockWriter() = default;
  Result<> check_piece();
  Result<> write_piece();
  Result<> compare_piece();
  Result<std::string_view> read_image(std::uint64_t at, std::size_t size);
  Result<> begin_phase();
  [[nodiscard]] std::size_t piece() const;
  void advance(std::size_t size);

  int image_ = -1, disk_ = -1;
  bool direct_ = false;
  std::string disk_name_;
  std::vector<Extent> extents_;
  Phase phase_ = Phase::checking;
  std::size_t extent_ = 0;
  std::uint64_t within_ = 0, written_ = 0, total_ = 0;
  std::unique_ptr<class Digest> digest_;
  std::unique_ptr<char, void (*)(void*)> bytes_{nullptr, nullptr}, back_{nullptr, nullptr};
};

}  // namespace hilltop::drivers
