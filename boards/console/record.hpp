// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "drivers/core/clock.hpp"

namespace hilltop::boards {

/// What a record of the journal, or of a transcript, says. The numbers are stored: never used twice.
enum class RecordKind : std::uint32_t {
  data = 1,        ///< bytes of a console
  console = 2,     ///< what a console's number stands for: "board\0name"; before its first other record in each file
  opened = 3,      ///< reading began; nobody listened between `bound` (the last byte before) and `time`
  closed = 4,      ///< reading ended because it was asked to
  ended = 5,       ///< the line ended or broke: what the board says from here on is lost, until `gap` or `opened`
  overrun = 6,     ///< `count` times the port's own memory was full: at least so many bytes are missing
  framing = 7,     ///< `count` bytes had no stop bit: wrong speed, or noise
  parity = 8,      ///< `count` bytes had the wrong parity
  line_break = 9,  ///< the line was held low `count` times
  buffer_overrun = 10,  ///< `count` times the kernel's memory was full: at least so many bytes are missing
  gap = 11,             ///< the line is back: what the board said between `bound` and `time` is lost
  paused = 12,          ///< nothing was read between `bound` and `time`: the disk was too slow for too long
  clock_step = 13,      ///< the system's clock went back by `count` ms; this console's times go on from where they were
};
inline constexpr auto last_record_kind = RecordKind::clock_step;

/// "gap", "overrun", ...
[[nodiscard]] std::string_view to_string(RecordKind kind) noexcept;

/// What else happened to a console: at `offset` in its bytes, between `bound` and `time`.
struct ConsoleRecord {
  RecordKind kind = RecordKind::opened;
  std::uint64_t offset = 0;
  UtcTime time;
  UtcTime bound;
  std::uint32_t count = 0;
  bool operator==(const ConsoleRecord&) const = default;
};

/// The bytes from `offset` on, up to the next mark, were read at `time`, and came after `bound`.
struct TimeMark {
  std::uint64_t offset = 0;
  UtcTime time;
  UtcTime bound;
  bool operator==(const TimeMark&) const = default;
};

}  // namespace hilltop::boards
