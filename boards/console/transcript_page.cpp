// SPDX-License-Identifier: Apache-2.0
#include "boards/console/transcript_page.hpp"

#include <algorithm>

namespace hilltop::boards {
namespace {

constexpr std::size_t marks_a_page = 1 << 20;

/// Bytes from `from` on, or from where there are some again.
Result<std::string> fetch_stored(const Transcript& transcript, const ConsoleKey& key, std::uint64_t& from,
                                 std::uint64_t to, std::size_t max) {
  for (;;) {
    auto got = transcript.fetch(key, from, std::min<std::uint64_t>(to, from + max));
    if (got || got.error().code != Errc::not_found) return got;
    // Bytes are missing in the page: what stands before them, else what comes behind them.
    const auto next = transcript.next_stored(key, from);
    if (next > from) {
      if (next >= to) return std::string();
      from = next;
      continue;
    }
    if (max <= 1) return got;
    max /= 2;
  }
}

}  // namespace

Result<TranscriptPage> read_page(const Transcript& transcript, const ConsoleKey& key, std::uint64_t from,
                                 std::uint64_t to, std::size_t max, bool first) {
  TranscriptPage out;
  to = std::min(to, transcript.end(key));
  out.from = std::min(from, to);
  const auto begin = out.from;
  HILLTOP_TRY(out.bytes, fetch_stored(transcript, key, out.from, to, max));
  out.end = out.from + out.bytes.size();
  HILLTOP_TRY(out.marks, transcript.marks(key, out.from, out.end, marks_a_page));
  HILLTOP_TRY(out.records, transcript.events(key, begin, out.end));
  std::erase_if(out.records, [&](const ConsoleRecord& record) {
    return record.offset > out.end || record.offset < begin || (record.offset == begin && !first);
  });
  return out;
}

}  // namespace hilltop::boards
