// SPDX-License-Identifier: Apache-2.0
#include "boards/console/match/clean_state.hpp"

namespace hilltop::boards {
namespace {

using State = Cleaner::State;
using Writer = CleanBlock::Writer;

constexpr std::uint32_t longest_sequence = 256;
constexpr std::uint32_t longest_string = 4096;

bool in(unsigned char byte, unsigned char low, unsigned char high) { return byte >= low && byte <= high; }

// RFC 3629 section 4: how many bytes a sequence has, and what its second one may be.
bool begin_utf8(State& s, unsigned char lead) {
  s.utf8_low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  s.utf8_high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  s.utf8_need = in(lead, 0xC2, 0xDF) ? 2 : in(lead, 0xE0, 0xEF) ? 3 : in(lead, 0xF0, 0xF4) ? 4 : 0;
  if (s.utf8_need == 0) return false;
  s.utf8[0] = static_cast<char>(lead);
  s.utf8_have = 1;
  s.utf8_raw = s.position;
  s.mode = CleanMode::utf8;
  return true;
}

void line_end(Writer& to, unsigned char byte) {
  auto& s = to.s;
  if (s.after_cr)
    to.begin_line(s.position + 1);
  else
    to.end_line(s.position + 1);
  s.after_cr = byte == '\r';
}

void text(Writer& to, unsigned char byte) {
  auto& s = to.s;
  s.mode = CleanMode::text;
  if (byte == '\n' || byte == '\r') return line_end(to, byte);
  if (byte == 0) {
    ++s.nuls;
    return;
  }
  if (byte == 0x1b) {
    s.after_cr = false;
    s.mode = CleanMode::escape;
    s.count = 0;
    return;
  }
  if (byte >= 0x80) {
    if (!begin_utf8(s, byte)) to.replacement(s.position, s.position + 1);
    return;
  }
  const char one = static_cast<char>(byte);
  to.put({&one, 1}, s.position);
}

void utf8(Writer& to, unsigned char byte) {
  auto& s = to.s;
  if (!in(byte, s.utf8_low, s.utf8_high)) {
    to.replacement(s.utf8_raw, s.position);
    return text(to, byte);
  }
  s.utf8[s.utf8_have++] = static_cast<char>(byte);
  s.utf8_low = 0x80;
  s.utf8_high = 0xBF;
  if (s.utf8_have < s.utf8_need) return;
  s.mode = CleanMode::text;
  to.put({s.utf8, s.utf8_need}, s.utf8_raw);
}

void escape(Writer& to, unsigned char byte) {
  auto& s = to.s;
  if (byte == '[' && s.mode == CleanMode::escape) {
    s.mode = CleanMode::csi;
  } else if (s.mode == CleanMode::escape && (byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_')) {
    s.mode = CleanMode::string;
  } else if (in(byte, 0x20, 0x2F) && ++s.count <= longest_sequence) {
    s.mode = CleanMode::escape_more;
  } else if (in(byte, 0x30, 0x7E)) {
    s.mode = CleanMode::text;
  } else {
    text(to, byte);
  }
}

void csi(Writer& to, unsigned char byte) {
  auto& s = to.s;
  if (in(byte, 0x20, 0x3F) && ++s.count <= longest_sequence) return;
  if (in(byte, 0x40, 0x7E))
    s.mode = CleanMode::text;
  else
    text(to, byte);
}

void string(Writer& to, unsigned char byte) {
  auto& s = to.s;
  if (byte == '\a') {
    s.mode = CleanMode::text;
  } else if (byte == 0x1b) {
    s.mode = CleanMode::string_escape;
  } else if (byte == '\n' || byte == '\r' || ++s.count > longest_string) {
    text(to, byte);
  }
}

void string_escape(Writer& to, unsigned char byte) {
  auto& s = to.s;
  if (byte == '\\') {
    s.mode = CleanMode::text;
    return;
  }
  s.mode = CleanMode::escape;
  s.count = 0;
  escape(to, byte);
}

}  // namespace

void clean_byte(Writer& to, unsigned char byte) {
  switch (to.s.mode) {
    case CleanMode::text:
      text(to, byte);
      break;
    case CleanMode::utf8:
      utf8(to, byte);
      break;
    case CleanMode::escape:
    case CleanMode::escape_more:
      escape(to, byte);
      break;
    case CleanMode::csi:
      csi(to, byte);
      break;
    case CleanMode::string:
      string(to, byte);
      break;
    case CleanMode::string_escape:
      string_escape(to, byte);
      break;
  }
  ++to.s.position;
}

}  // namespace hilltop::boards
