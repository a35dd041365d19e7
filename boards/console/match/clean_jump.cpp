// SPDX-License-Identifier: Apache-2.0
#include "boards/console/match/clean_state.hpp"

namespace hilltop::boards {

void Cleaner::jump(std::uint64_t next) {
  auto& s = *state_;
  const bool line_begins = s.rest_size() == 0 && s.mode == CleanMode::text && s.line_raw == s.position;
  s.position = next;
  if (line_begins) s.line_raw = s.mapped = next;  // else the next byte of text gets a cut
}

}  // namespace hilltop::boards
