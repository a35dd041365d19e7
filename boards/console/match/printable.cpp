// SPDX-License-Identifier: Apache-2.0
#include "boards/console/match/printable.hpp"

#include <fmt/format.h>

namespace hilltop::boards {
namespace {

// Length of the well-formed UTF-8 sequence of two or more bytes at the front, 0 when there is none. Source: RFC 3629 4.
std::size_t utf8_length(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U; };
  const auto first = byte(0);
  const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                             : first >= 0xE0 && first <= 0xEF ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
  if (length == 0) return 0;
  const unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i)
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  return length;
}

}  // namespace

std::string printable(std::string_view bytes, std::size_t max) {
  if (bytes.size() > max) bytes.remove_prefix(bytes.size() - max);
  std::string out;
  while (!bytes.empty()) {
    const char c = bytes.front();
    std::size_t used = 1;
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c >= 0x20 && c < 0x7f) {
      out += c;
    } else if (const auto length = utf8_length(bytes); length > 0) {
      out += bytes.substr(0, length);
      used = length;
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    bytes.remove_prefix(used);
  }
  return out;
}

}  // namespace hilltop::boards
