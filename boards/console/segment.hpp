// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "boards/console/file.hpp"
#include "boards/console/journal.hpp"
#include "drivers/core/result.hpp"

/// Sealed, compressed, seekable pieces of one console's transcript.
///
/// Shape: zstd frames of up to 256 KiB of console bytes each, then a zstd skippable frame that holds the index
/// (compressed) and a footer, so that `zstd -d` of a segment prints the console's bytes as they were received.
namespace hilltop::boards {

using TranscriptEvent = ConsoleRecord;

/// What is known of a segment without reading its index.
struct SegmentInfo {
  std::uint64_t first = 0;  ///< offset of its first byte
  std::uint64_t end = 0;    ///< offset after its last byte
  std::uint64_t lines = 0;  ///< '\n' in it
  UtcTime latest;           ///< no byte in it was read later
};

/// A compressor and its memory: used for one segment after the other. Thread: one at a time.
class SegmentPacker {
 public:
  SegmentPacker();
  ~SegmentPacker();
  SegmentPacker(const SegmentPacker&) = delete;
  SegmentPacker& operator=(const SegmentPacker&) = delete;
  /// Appends `bytes`, compressed, to `out`. Value: how many bytes that are.
  std::size_t pack(std::string_view bytes, std::string& out);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// Collects what one segment will hold, in order of offsets, and writes it.
class SegmentBuilder {
 public:
  /// Lifetime: `packer` outlives it.
  explicit SegmentBuilder(SegmentPacker& packer);
  ~SegmentBuilder();
  SegmentBuilder(SegmentBuilder&&) noexcept;
  SegmentBuilder& operator=(SegmentBuilder&&) = delete;
  void add(std::string_view bytes, TimeMark mark);
  void add_event(const TranscriptEvent& event);
  /// The file's contents. Nothing may be added after it.
  [[nodiscard]] std::string finish();
  [[nodiscard]] SegmentInfo info() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Reads a sealed segment. Thread: any (pread only).
class SegmentReader {
 public:
  /// Reads the footer. Errors: io (infrastructure) when it is damaged or unreadable.
  static Result<std::shared_ptr<const SegmentReader>> open(const std::filesystem::path& path);

  [[nodiscard]] const SegmentInfo& info() const { return info_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::uint64_t file_bytes() const { return bytes_; }
  /// Appends bytes [from, to) to `out`. Errors: not_found (infrastructure) for a hole; io.
  Result<> fetch(std::uint64_t from, std::uint64_t to, std::string& out) const;

  struct Index {
    struct Frame {
      std::uint64_t first = 0;
      std::uint32_t raw_bytes = 0;
      std::uint32_t packed_bytes = 0;
      std::uint64_t position = 0;
      std::uint64_t lines = 0;  ///< '\n' in it
    };
    std::vector<Frame> frames;
    std::vector<TimeMark> marks;
    std::vector<TranscriptEvent> events;
  };
  /// Errors: io (infrastructure).
  [[nodiscard]] Result<Index> read_index() const;

 private:
  SegmentReader() = default;
  [[nodiscard]] Result<FileHandle> open_again() const;
  std::filesystem::path path_;
  std::uint64_t bytes_ = 0;
  SegmentInfo info_;
  std::uint64_t index_position_ = 0;
  std::uint32_t index_packed_ = 0;
  std::uint32_t index_bytes_ = 0;
};

}  // namespace hilltop::boards
