// SPDX-License-Identifier: Apache-2.0
#include "boards/console/demux/rtt_decoder.hpp"

#include "boards/console/demux/find.hpp"
#include "boards/console/demux/prefix.hpp"
#include "drivers/protocol/rtt.hpp"

namespace hilltop::boards::demux {
namespace {

namespace rtt = drivers::rtt;

// Source: seen from J-Link 7.x, port 19021: "SEGGER J-Link V7.88 - Real time terminal output", "SEGGER J-Link ...
// SN=...", "Process: JLinkExe".
constexpr std::array<std::string_view, 2> greetings = {"SEGGER J-Link ", "Process: "};
constexpr std::size_t longest_greeting = 256;

}  // namespace

RttDecoder::RttDecoder(ChannelTable& channels, unsigned up_channel) : switches_(up_channel == 0) {
  terminals_[0] = channels.id("rtt" + std::to_string(up_channel));
  for (unsigned i = 1; switches_ && i < terminals_.size(); ++i) terminals_[i] = channels.id("rtt" + std::to_string(i));
}

void RttDecoder::restart() {
  greeting_ = true;
  terminal_ = 0;
}

/// Lines of J-Link's own, at the begin of a stream. Value: whether there is more to look at.
bool RttDecoder::scan_greeting(Scan& scan) {
  const auto rest = scan.bytes().substr(scan.position());
  for (const auto greeting : greetings) {
    if (rest.size() < greeting.size() && greeting.starts_with(rest) && !scan.last()) return false;
    if (!rest.starts_with(greeting)) continue;
    const auto line = rest.substr(0, longest_greeting);
    const auto end = find_byte(line, 0, '\n');
    if (end == line.size() && line.size() < longest_greeting && !scan.last()) return false;
    if (end == line.size()) break;
    scan.pass(scan.position() + end + 1);
    return true;
  }
  greeting_ = false;
  return true;
}

/// At a 0xff. Value: whether there is more to look at.
bool RttDecoder::scan_switch(Scan& scan) {
  const auto at = scan.position();
  if (at + 1 == scan.bytes().size() && !scan.last()) return false;
  const auto to = at + 1 < scan.bytes().size() ? rtt::terminal_of(scan.bytes()[at + 1]) : std::nullopt;
  if (!to) return scan.text(terminals_.at(terminal_), at + 1), true;
  terminal_ = *to;
  scan.whole(terminals_.at(terminal_), Piece::Kind::part, at + 2, {}, scan.raw_at(at));
  return true;
}

void RttDecoder::scan(Scan& scan) {
  const auto bytes = scan.bytes();
  while (scan.position() < bytes.size()) {
    if (greeting_) {
      if (!scan_greeting(scan)) return;
      continue;
    }
    scan.text(terminals_.at(terminal_),
              switches_ ? find_byte(bytes, scan.position(), rtt::switch_terminal) : bytes.size());
    if (scan.position() < bytes.size() && !scan_switch(scan)) return;
  }
}

}  // namespace hilltop::boards::demux
