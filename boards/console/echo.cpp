// SPDX-License-Identifier: Apache-2.0
#include "boards/console/echo.hpp"

namespace hilltop::boards {

EchoState find_echo(std::string_view typed, std::string_view heard) {
  if (heard.find(typed) != std::string_view::npos) return {typed.size(), 0};
  EchoState out;
  std::size_t at = 0;
  bool lost = false;
  for (const char c : typed) {
    const auto found = heard.find(c, at);
    if (found == std::string_view::npos) {
      lost = true;
      continue;
    }
    at = found + 1;
    ++(lost ? out.stranded : out.intact);
  }
  return out;
}

std::size_t echoing_prefix(std::string_view bytes, std::size_t limit) {
  std::size_t n = 0;
  while (n < bytes.size() && n < limit && bytes[n] >= 0x20 && bytes[n] < 0x7f) ++n;
  return n;
}

}  // namespace hilltop::boards
