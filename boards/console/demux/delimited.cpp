// SPDX-License-Identifier: Apache-2.0
#include "boards/console/demux/delimited.hpp"

#include <algorithm>

#include "boards/console/demux/find.hpp"
#include "drivers/protocol/cobs.hpp"
#include "drivers/protocol/slip.hpp"

namespace hilltop::boards::demux {
namespace {

bool is_text(char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t' || c == '\x1b'; }

}  // namespace

bool is_lines_of_text(std::string_view bytes) {
  return bytes.find('\n') != std::string_view::npos && std::ranges::all_of(bytes, is_text);
}

/// What begins with the END at the cursor. Value: whether there is more to look at.
bool SlipDecoder::scan_frame(Scan& scan) {
  const auto bytes = scan.bytes();
  const auto begin = scan.position();
  const auto window = bytes.substr(0, std::min(bytes.size(), begin + max_frame_ + 2));
  const auto end = find_byte(window, begin + 1, drivers::slip::end);
  if (end == window.size()) {
    const bool too_long = window.size() == begin + max_frame_ + 2;
    if (!too_long && !scan.last()) return false;
    scan.pass(begin + 1);
    scan.pass(find_byte(bytes, begin + 1, drivers::slip::end));
    return true;
  }
  const auto content = bytes.substr(begin + 1, end - begin - 1);
  if (content.empty()) {  // of two ENDs the second one begins
    scan.whole(slip_, Piece::Kind::part, end, {}, scan.raw_at(begin));
    return true;
  }
  const auto frame = drivers::slip::decoded(content);
  if (!frame || is_lines_of_text(content)) {
    scan.pass(end);  // which may be a begin
    return true;
  }
  scan.whole(slip_, Piece::Kind::frame, end + 1, *frame, scan.raw_at(begin));
  return true;
}

void SlipDecoder::scan(Scan& scan) {
  const auto bytes = scan.bytes();
  while (scan.position() < bytes.size()) {
    scan.pass(find_byte(bytes, scan.position(), drivers::slip::end));
    if (scan.position() < bytes.size() && !scan_frame(scan)) return;
  }
}

/// Behind a zero. Value: whether there is more to look at.
bool CobsDecoder::scan_frame(Scan& scan) {
  const auto begin = scan.position();
  const auto rest = scan.bytes().substr(begin);
  const auto window = rest.substr(0, max_frame_ + 1);
  const auto size = find_byte(window, 0, '\0');
  if (const auto line = window.find('\n'); line < size && is_lines_of_text(window.substr(0, line + 1))) {
    in_frame_ = false;
    return true;
  }
  if (size == window.size()) {
    if (window.size() <= max_frame_ && !scan.last()) return false;
    in_frame_ = false;
    return true;
  }
  const auto content = rest.substr(0, size);
  if (const auto frame = drivers::cobs::decoded(content))
    scan.whole(cobs_, Piece::Kind::frame, begin + size + 1, *frame, scan.raw_at(begin));
  else if (content.empty())
    scan.whole(cobs_, Piece::Kind::part, begin + 1, {}, scan.raw_at(begin));
  else
    scan.pass(begin + size + 1);
  return true;
}

void CobsDecoder::scan(Scan& scan) {
  const auto bytes = scan.bytes();
  while (scan.position() < bytes.size()) {
    if (in_frame_) {
      if (!scan_frame(scan)) return;
      continue;
    }
    const auto zero = find_byte(bytes, scan.position(), '\0');
    scan.pass(zero);
    if (zero == bytes.size()) return;
    scan.whole(cobs_, Piece::Kind::part, zero + 1, {}, scan.raw_at(zero));
    in_frame_ = true;
  }
}

}  // namespace hilltop::boards::demux
