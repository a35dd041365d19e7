// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "boards/console/transcript.hpp"

namespace hilltop::boards {

/// A stretch of a transcript with its times and records: what exports and searches are made from, a page at a time.
struct TranscriptPage {
  std::uint64_t from = 0;  ///< of bytes[0]; later than what was asked for where bytes are not stored any more
  std::uint64_t end = 0;   ///< where the next page begins; equal to `from`: there is no more
  std::string bytes;
  std::vector<TimeMark> marks;         ///< the first at or before `from`
  std::vector<ConsoleRecord> records;  ///< at offsets in (from, end]; of the first page also those at `from`
};

/// The page from `from` on, of at most `max` bytes, never beyond `to`. `first`: whether it is the first of its export.
/// Errors: io (infrastructure). Thread: any that may block.
Result<TranscriptPage> read_page(const Transcript& transcript, const ConsoleKey& key, std::uint64_t from,
                                 std::uint64_t to, std::size_t max, bool first);

}  // namespace hilltop::boards
