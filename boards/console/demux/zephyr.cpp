// SPDX-License-Identifier: Apache-2.0
#include "boards/console/demux/zephyr.hpp"

#include <array>

#include "boards/console/demux/find.hpp"

namespace hilltop::boards::demux {
namespace {

constexpr std::string_view dropped_end = " messages dropped ---";
constexpr std::size_t longest_colour = 8;  // "1;31" and the like

constexpr auto stamp_bytes = [] {
  std::array<bool, 256> out{};
  for (const char c : std::string_view("0123456789:.,-TZ+ ")) out[static_cast<std::uint8_t>(c)] = true;
  return out;
}();
bool in_stamp(char c) { return stamp_bytes[static_cast<std::uint8_t>(c)]; }

/// "[00:00:01.234,000] ", "[00012345] ", "[    1.234567] " or nothing.
bool read_stamp(Prefix& at) {
  if (!at.next_is('[')) return !at.ran_out();
  constexpr std::size_t shortest_stamp = 8, longest_stamp = 40;
  return at.byte('[') && at.run(shortest_stamp, longest_stamp, in_stamp) && at.byte(']') && at.byte(' ');
}

/// "\x1b[1;31m" or nothing.
bool read_colour(Prefix& at) {
  if (!at.next_is('\x1b')) return !at.ran_out();
  return at.word("\x1b[") && at.run(0, longest_colour, [](char c) { return Prefix::is_digit(c) || c == ';'; }) &&
         at.byte('m');
}

bool read_level(Prefix& at, std::string_view text) {
  constexpr std::array<std::string_view, 4> levels = {"err", "wrn", "inf", "dbg"};
  if (!at.byte('<')) return false;
  const auto begin = at.position();
  constexpr std::size_t word = 3;
  if (!at.run(word, word, [](char c) { return c >= 'a' && c <= 'z'; })) return false;
  if (std::ranges::find(levels, text.substr(begin, word)) == levels.end()) return false;
  return at.byte('>') && at.byte(' ');
}

Fit fit_dropped(std::string_view text) {
  Prefix at(text);
  constexpr std::size_t most_digits = 4;  // 9999 at most
  return at.word("--- ") && at.digits(1, most_digits) && at.word(dropped_end) ? Fit::yes : at.fit();
}

}  // namespace

Fit fit_log_line(std::string_view text) {
  if (text.starts_with('-')) return fit_dropped(text);
  Prefix at(text);
  return read_stamp(at) && read_colour(at) && read_level(at, text) ? Fit::yes : at.fit();
}

std::optional<LogLine> parse_log_line(std::string_view line) {
  Prefix at(line);
  if (!read_stamp(at)) return std::nullopt;
  LogLine out;
  if (at.position() > 0) out.stamp = line.substr(1, at.position() - 3);
  if (!read_colour(at)) return std::nullopt;
  const auto level = at.position() + 1;
  if (!read_level(at, line)) return std::nullopt;
  out.level = line.substr(level, 3);
  out.text = line.substr(at.position());
  // "module: text"; a module's name has no blanks
  const auto colon = out.text.find(": ");
  if (colon == std::string_view::npos || out.text.substr(0, colon).find(' ') != std::string_view::npos) return out;
  out.module = out.text.substr(0, colon);
  out.text.remove_prefix(colon + 2);
  return out;
}

namespace {

/// What most brackets and dashes are not, by their next byte.
bool may_be_log_line(std::string_view bytes, std::size_t at) {
  if (at + 1 == bytes.size()) return true;
  const char next = bytes[at + 1];
  switch (bytes[at]) {
    case '-':
      return next == '-' && (at + 3 >= bytes.size() || (bytes[at + 2] == '-' && bytes[at + 3] == ' '));
    case '<':
      return next >= 'd' && next <= 'w';
    default:
      return in_stamp(next);
  }
}

}  // namespace

/// Value: whether there is more to look at.
bool ZephyrDecoder::scan_shell(Scan& scan) {
  const auto bytes = scan.bytes();
  for (auto at = scan.position(); (at = find_any(bytes, at, '[', '<', '-')) < bytes.size(); ++at) {
    if (!may_be_log_line(bytes, at)) continue;
    const auto fit = fit_log_line(bytes.substr(at));
    if (fit == Fit::no || (fit == Fit::more && scan.last())) continue;
    scan.text(shell_, at);
    if (fit == Fit::more) return false;
    where_ = Where::log;
    return true;
  }
  scan.text(shell_, bytes.size());
  return false;
}

void ZephyrDecoder::scan_log(Scan& scan) {
  const auto bytes = scan.bytes();
  auto end = find_byte(bytes, scan.position(), '\n');
  while (end + 1 < bytes.size() && bytes[end + 1] == '[' && fit_log_line(bytes.substr(end + 1)) == Fit::yes)
    end = find_byte(bytes, end + 1, '\n');
  if (end == bytes.size()) return scan.text(log_, end);
  scan.text(log_, end + 1);
  where_ = Where::behind_log;
}

/// A hexdump's lines are indented by the width of the log line's prefix.
bool ZephyrDecoder::scan_behind_log(Scan& scan) {
  constexpr std::size_t indent = 8;
  const auto rest = scan.bytes().substr(scan.position());
  Prefix at(rest);
  std::size_t blanks = 0;
  while (blanks < indent && at.byte(' ')) ++blanks;
  if (blanks < indent && at.ran_out() && !scan.last() && blanks > 0) return false;
  where_ = blanks == indent ? Where::log : Where::shell;
  return !rest.empty();
}

void ZephyrDecoder::scan(Scan& scan) {
  bool more = true;
  while (more && scan.position() < scan.bytes().size()) {
    switch (where_) {
      case Where::shell:
        more = scan_shell(scan);
        break;
      case Where::log:
        scan_log(scan);
        break;
      case Where::behind_log:
        more = scan_behind_log(scan);
        break;
    }
  }
}

}  // namespace hilltop::boards::demux
