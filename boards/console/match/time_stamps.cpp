// SPDX-License-Identifier: Apache-2.0
#include "boards/console/match/time_stamps.hpp"

#include <algorithm>

namespace hilltop::boards {

std::size_t time_stamps_length(std::string_view line) {
  std::size_t behind = 0;
  for (;;) {
    const auto open = line.find_first_not_of(' ', behind);
    if (open == std::string_view::npos || line[open] != '[') return behind;
    const auto close = line.find(']', open);
    const auto inside = close == std::string_view::npos ? "" : line.substr(open + 1, close - open - 1);
    if (inside.find_first_of("0123456789") == std::string_view::npos) return behind;
    if (inside.find_first_not_of("0123456789.:, TCZ-") != std::string_view::npos) return behind;
    behind = std::min(line.size(), line.find_first_not_of(' ', close + 1));
  }
}

}  // namespace hilltop::boards
