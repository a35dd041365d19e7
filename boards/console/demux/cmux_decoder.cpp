// SPDX-License-Identifier: Apache-2.0
#include "boards/console/demux/cmux_decoder.hpp"

#include "boards/console/demux/find.hpp"

namespace hilltop::boards::demux {

namespace cmux = drivers::cmux;
using Fit = cmux::Parsed::Fit;

void CmuxDecoder::restart() {
  mode_ = given_;
  behind_flag_ = false;
}

ChannelId CmuxDecoder::channel(unsigned dlci) {
  auto& line = lines_.at(dlci);
  if (line == text_channel) line = channels_.id("mux" + std::to_string(dlci));
  return line;
}

std::size_t CmuxDecoder::next_flag(std::string_view bytes, std::size_t from) const {
  switch (mode_) {
    case Mode::basic:
      return find_byte(bytes, from, cmux::basic_flag);
    case Mode::advanced:
      return find_byte(bytes, from, cmux::advanced_flag);
    case Mode::either:
      break;
  }
  return find_any(bytes, from, cmux::basic_flag, cmux::advanced_flag);
}

/// The frame that ends before `to`.
void CmuxDecoder::emit(Scan& scan, const cmux::Frame& frame, std::size_t to, std::uint64_t info_at) {
  const auto begin = scan.raw_at(scan.position());
  const bool data = frame.type == cmux::Type::uih || frame.type == cmux::Type::ui;
  if (data && frame.dlci > 0) {
    const auto kind = frame.info.empty() ? Piece::Kind::part : Piece::Kind::text;
    return scan.whole(channel(frame.dlci), kind, to, frame.info, info_at);
  }
  std::string content;
  content += static_cast<char>(frame.dlci << 2 | (frame.command ? 2 : 0) | 1);
  content += static_cast<char>(static_cast<unsigned>(frame.type) | (frame.poll ? 0x10U : 0U));
  content += frame.info;
  scan.whole(channel(frame.dlci), Piece::Kind::frame, to, content, begin);
}

/// A frame whose header begins `flags` bytes behind the cursor.
CmuxDecoder::Found CmuxDecoder::try_basic(Scan& scan, std::size_t flags) {
  const auto begin = scan.position() + flags;
  const auto parsed = cmux::parse_basic(scan.bytes().substr(begin), max_frame_);
  if (parsed.fit == Fit::more && !scan.last()) return Found::more;
  if (parsed.fit != Fit::yes) return Found::no;
  emit(scan, parsed.frame, begin + parsed.size, scan.raw_at(begin + parsed.info_at));
  mode_ = Mode::basic;
  behind_flag_ = true;
  return Found::yes;
}

/// A frame that begins with the flag at the cursor, or behind the one before it.
CmuxDecoder::Found CmuxDecoder::try_advanced(Scan& scan) {
  const auto bytes = scan.bytes();
  const auto flags = bytes[scan.position()] == cmux::advanced_flag ? std::size_t{1} : std::size_t{0};
  const auto begin = scan.position() + flags;
  constexpr std::size_t overhead = 3;  // address, control and FCS; each byte may be escaped
  const auto window = bytes.substr(begin, 2 * (max_frame_ + overhead) + 1);
  // Whatever cannot be a header is text at once: "~ # " is a prompt.
  const auto header = cmux::unescaped(window.substr(0, 4));
  if (header && cmux::fit_header(*header) == Fit::no) return Found::no;
  const auto size = find_byte(window, 0, cmux::advanced_flag);
  if (size == window.size()) {
    const bool too_long = window.size() == 2 * (max_frame_ + overhead) + 1;
    return too_long || scan.last() ? Found::no : Found::more;
  }
  const auto content = window.substr(0, size);
  const auto plain = cmux::unescaped(content);
  const auto frame = plain ? cmux::parse_advanced(*plain) : std::nullopt;
  if (!frame || frame->info.size() > max_frame_) return Found::no;
  auto shown = *frame;
  if (plain->size() == content.size()) shown.info = content.substr(2, shown.info.size());  // no copy
  emit(scan, shown, begin + size + 1, scan.raw_at(begin + 2));
  mode_ = Mode::advanced;
  behind_flag_ = true;
  return Found::yes;
}

CmuxDecoder::Found CmuxDecoder::try_frame(Scan& scan) {
  const char first = scan.bytes()[scan.position()];
  if (first == cmux::basic_flag && mode_ != Mode::advanced) return try_basic(scan, 1);
  if (first == cmux::advanced_flag && mode_ != Mode::basic) return try_advanced(scan);
  if (!behind_flag_) return Found::no;
  return mode_ == Mode::basic ? try_basic(scan, 0) : try_advanced(scan);
}

void CmuxDecoder::scan(Scan& scan) {
  const auto bytes = scan.bytes();
  while (scan.position() < bytes.size()) {
    if (!behind_flag_) scan.pass(next_flag(bytes, scan.position()));
    if (scan.position() == bytes.size()) return;
    const auto found = try_frame(scan);
    if (found == Found::more) return;
    if (found == Found::yes) continue;
    const char first = bytes[scan.position()];
    const bool fill = behind_flag_ && first == (mode_ == Mode::basic ? cmux::basic_flag : cmux::advanced_flag);
    if (fill) {  // flags between frames
      scan.whole(channel(0), Piece::Kind::part, scan.position() + 1, {}, scan.raw_at(scan.position()));
      continue;
    }
    if (!behind_flag_) scan.pass(scan.position() + 1);
    behind_flag_ = false;
  }
}

}  // namespace hilltop::boards::demux
