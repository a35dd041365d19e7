// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/slip.hpp"

namespace hilltop::drivers::slip {

std::string encoded(std::string_view bytes) {
  std::string out(1, end);
  for (const char c : bytes) {
    if (c == end || c == escape) {
      out += escape;
      out += c == end ? escaped_end : escaped_escape;
    } else {
      out += c;
    }
  }
  return out + end;
}

std::optional<std::string> decoded(std::string_view between_ends) {
  std::string out;
  out.reserve(between_ends.size());
  for (std::size_t at = 0; at < between_ends.size(); ++at) {
    if (between_ends[at] != escape) {
      out += between_ends[at];
      continue;
    }
    const char code = ++at < between_ends.size() ? between_ends[at] : '\0';
    if (code != escaped_end && code != escaped_escape) return std::nullopt;
    out += code == escaped_end ? end : escape;
  }
  return out;
}

}  // namespace hilltop::drivers::slip
