// SPDX-License-Identifier: Apache-2.0
#include "boards/console/record.hpp"

namespace hilltop::boards {

std::string_view to_string(RecordKind kind) noexcept {
  switch (kind) {
    case RecordKind::data:
      return "data";
    case RecordKind::console:
      return "console";
    case RecordKind::opened:
      return "opened";
    case RecordKind::closed:
      return "closed";
    case RecordKind::ended:
      return "ended";
    case RecordKind::overrun:
      return "overrun";
    case RecordKind::framing:
      return "framing";
    case RecordKind::parity:
      return "parity";
    case RecordKind::line_break:
      return "break";
    case RecordKind::buffer_overrun:
      return "buffer_overrun";
    case RecordKind::gap:
      return "gap";
    case RecordKind::paused:
      return "paused";
    case RecordKind::clock_step:
      return "clock_step";
  }
  return "unknown";
}

}  // namespace hilltop::boards
