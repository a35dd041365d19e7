// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "boards/console/record.hpp"
#include "drivers/core/clock.hpp"

/// The journal's shape, without I/O: what is appended for every read of every console.
///
/// Shape: a file is `HTJRNL01`, [salt:8], then records. A record is
/// [magic:4 = "HTJ1"][crc:4][kind:4][console:4][length:4][0:4][sequence:8][offset:8][time:8][bound:8][bytes:length],
/// little-endian; times in microseconds since 1970 UTC. `crc` is CRC32C over the file's salt, then all that follows it
/// in the record: a board that prints what looks like a record cannot know the salt. `sequence` counts a file's records
/// from 0.
namespace hilltop::boards {

struct RecordHeader {
  RecordKind kind = RecordKind::data;
  std::uint32_t console = 0;
  std::uint32_t length = 0;
  std::uint64_t sequence = 0;
  std::uint64_t offset = 0;  ///< of the first byte in its console
  UtcTime time;              ///< when the bytes were read
  UtcTime bound;             ///< when the read before it returned: the bytes came after that
};

inline constexpr std::size_t journal_header_bytes = 16;
inline constexpr std::size_t record_header_bytes = 56;
inline constexpr std::size_t record_length_limit = 1 << 20;

/// The first 16 bytes of a journal with `salt`.
[[nodiscard]] std::string journal_header(std::uint64_t salt);

/// Writes the header of a record with `payload` (header.length must be its size) to `out` (56 bytes).
void encode_record(const RecordHeader& header, std::string_view payload, std::uint64_t salt, char* out);

/// Reads a journal's records in order. A damaged stretch with good records behind it is skipped and reported; damage
/// up to the end is a torn tail.
/// Lifetime: `file` must outlive it. Bounded: linear time for any input.
class JournalReader {
 public:
  struct Record {
    RecordHeader header;
    std::string_view payload;
    std::size_t position = 0;  ///< of the header in the file
  };
  struct Damage {
    std::size_t position = 0;
    std::size_t bytes = 0;
  };

  explicit JournalReader(std::string_view file);
  /// The next good record; nothing at the end.
  std::optional<Record> next();
  /// Valid once next() gave nothing: the length of the file up to the end of its last good record.
  [[nodiscard]] std::size_t good_bytes() const { return good_; }
  /// Stretches that were skipped between good records.
  [[nodiscard]] const std::vector<Damage>& damage() const { return damage_; }
  /// Bytes behind the last good record, valid once next() gave nothing.
  [[nodiscard]] std::size_t torn_bytes() const { return file_.size() - good_; }

 private:
  [[nodiscard]] std::optional<Record> record_at(std::size_t position);
  [[nodiscard]] std::optional<Record> resynchronise();

  std::string_view file_;
  std::uint64_t salt_ = 0;
  std::size_t good_ = 0;
  std::uint64_t next_sequence_ = 0;
  std::size_t effort_ = 0;  // bytes checksummed while looking for a good record
  std::vector<Damage> damage_;
};

}  // namespace hilltop::boards
