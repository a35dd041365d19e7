// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>

#include "boards/console/journal.hpp"

/// Records come in order, do not overlap, and together with damage and torn tail make up the whole file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hilltop::boards;
  JournalReader reader({reinterpret_cast<const char*>(data), size});
  std::size_t at = journal_header_bytes;
  std::size_t taken = 0;
  std::uint64_t sequence = 0;
  while (const auto record = reader.next()) {
    if (record->position < at || record->header.sequence < sequence) std::abort();
    if (record->header.length != record->payload.size()) std::abort();
    at = record->position + record_header_bytes + record->payload.size();
    taken += record_header_bytes + record->payload.size();
    sequence = record->header.sequence + 1;
  }
  for (const auto& damage : reader.damage()) taken += damage.bytes;
  if (reader.good_bytes() > 0) taken += journal_header_bytes;
  if (taken != reader.good_bytes() || reader.good_bytes() + reader.torn_bytes() != size) std::abort();
  return 0;
}
