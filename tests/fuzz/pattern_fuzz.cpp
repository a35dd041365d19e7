// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>

#include "boards/console/match/pattern_set.hpp"

/// Up to the first NUL a pattern, behind it a text. A growing text has the same first hit as a whole one of its length.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using hilltop::boards::PatternSet;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto zero = input.find('\0');
  if (zero == std::string_view::npos || zero > 60 || size - zero > 60) return 0;
  const auto set = PatternSet::compile({std::string(input.substr(0, zero))});
  if (!set) return set.error().text.empty() ? (std::abort(), 0) : 0;
  const auto text = input.substr(zero + 1);
  PatternSet::Progress progress;
  for (std::size_t length = 0; length <= text.size(); length += 3) {
    const auto whole = set->search(text.substr(0, length));
    const auto grown = set->search(text.substr(0, length), progress);
    if (!whole || !grown) return 0;  // gave up
    if (whole->has_value() != grown->has_value()) std::abort();
    if (!*whole) continue;
    if ((*whole)->begin != (*grown)->begin || (*whole)->end != (*grown)->end || (*whole)->end > length) std::abort();
    return 0;
  }
  return 0;
}
