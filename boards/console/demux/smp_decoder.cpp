// SPDX-License-Identifier: Apache-2.0
#include "boards/console/demux/smp_decoder.hpp"

#include "boards/console/demux/find.hpp"
#include "drivers/protocol/base64.hpp"

namespace hilltop::boards::demux {
namespace {

namespace smp = drivers::smp;

constexpr std::size_t longest_line = 4096;  // what devices send has at most 127

struct Line {
  enum class Fit : std::uint8_t { no, yes, more } fit = Fit::no;
  std::size_t size = 0;      ///< without its line end; of what is no line: as far as it looked like one
  std::size_t line_end = 0;  ///< bytes of it
};

/// A mark, base64, and \n or \r\n.
Line line_at(std::string_view text) {
  const auto mark = text.starts_with(smp::first_mark.front()) ? smp::first_mark : smp::next_mark;
  if (text.size() < mark.size()) return {Line::Fit::more, text.size(), 0};
  if (!text.starts_with(mark)) return {};
  std::size_t at = mark.size();
  const auto most = std::min(text.size(), longest_line);
  while (at < most && drivers::is_base64(text[at])) ++at;
  if (at >= longest_line) return {Line::Fit::no, at, 0};
  const std::size_t cr = at < text.size() && text[at] == '\r' ? 1 : 0;
  if (at + cr == text.size()) return {Line::Fit::more, at, 0};
  if (text[at + cr] != '\n') return {Line::Fit::no, at, 0};
  return {Line::Fit::yes, at, cr + 1};
}

}  // namespace

/// A line that may be of a packet, at the cursor. Value: whether there is more to look at.
bool SmpDecoder::scan_line(Scan& scan) {
  const auto begin = scan.position();
  const auto text = scan.bytes().substr(begin);
  const auto line = line_at(text);
  if (line.fit == Line::Fit::more && !scan.last()) return false;
  if (line.fit != Line::Fit::yes) {
    scan.pass(begin + std::max<std::size_t>(1, line.size));
    return true;
  }
  const auto words = text.substr(0, line.size);
  if (words.starts_with(smp::first_mark)) begin_ = scan.raw_at(begin);
  const auto end = begin + line.size + line.line_end;
  switch (assembler_.add(words)) {
    case smp::Assembler::State::refused:
      scan.pass(end);
      break;
    case smp::Assembler::State::part:
      scan.whole(smp_, Piece::Kind::part, end, assembler_.fragment(), begin_);
      break;
    case smp::Assembler::State::whole:
      scan.whole(smp_, Piece::Kind::frame, end, assembler_.packet(), begin_);
      assembler_.clear();
      break;
  }
  return true;
}

void SmpDecoder::scan(Scan& scan) {
  const auto bytes = scan.bytes();
  // Each mark's next place is looked for once: text without one of them costs one pass.
  std::size_t first = 0, next = 0;
  bool looked = false;
  while (scan.position() < bytes.size()) {
    const auto from = scan.position();
    if (!looked || first < from) first = find_byte(bytes, from, smp::first_mark.front());
    if (!looked || next < from) next = find_byte(bytes, from, smp::next_mark.front());
    looked = true;
    scan.pass(std::min(first, next));
    if (scan.position() < bytes.size() && !scan_line(scan)) return;
  }
}

}  // namespace hilltop::boards::demux
