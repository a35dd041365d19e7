// SPDX-License-Identifier: Apache-2.0
#include "boards/console/demux/kernel.hpp"

#include "boards/console/demux/find.hpp"

namespace hilltop::boards::demux {
namespace {

constexpr std::size_t most_digits = 12;   // of seconds: thousands of years
constexpr std::size_t longest_level = 4;  // "<15>"

std::uint64_t number(std::string_view digits) {
  std::uint64_t out = 0;
  for (const char c : digits)
    if (Prefix::is_digit(c)) out = out * 10 + static_cast<unsigned>(c - '0');
  return out;
}

/// "<6>". Value: whether `at` may be read on from.
bool read_level(Prefix& at, std::string_view text, PrintkPrefix& prefix) {
  if (!at.byte('<') || !at.digits(1, 2)) return false;
  prefix.level = static_cast<unsigned>(number(text.substr(1, at.position() - 1))) % 8;  // the rest is the facility
  return at.byte('>');
}

bool read_time(Prefix& at, std::string_view text, PrintkPrefix& prefix) {
  if (!at.byte('[') || !at.spaces(0, 5)) return false;
  const auto begin = at.position();
  if (!at.digits(1, most_digits)) return false;
  const auto seconds = number(text.substr(begin, at.position() - begin));
  if (!at.byte('.')) return false;
  const auto fraction = at.position();
  if (!at.digits(6, 6)) return false;
  prefix.time_us = seconds * 1'000'000 + number(text.substr(fraction, 6));
  return at.byte(']');
}

/// "[    T1]", "[   C0]", or nothing.
bool read_caller(Prefix& at) {
  if (!at.next_is('[')) return !at.ran_out();
  constexpr std::size_t widest = 10;
  return at.byte('[') && at.spaces(0, widest) && at.one_of("TC") && at.digits(1, widest) && at.byte(']');
}

}  // namespace

Fit fit_printk(std::string_view text, PrintkPrefix& prefix) {
  Prefix at(text);
  prefix = {};
  if (at.next_is('<') && !read_level(at, text, prefix)) return at.fit();
  if (!read_time(at, text, prefix) || !read_caller(at) || !at.one_of(" \r\n")) return at.fit();
  prefix.size = at.position() - (text[at.position() - 1] == ' ' ? 0 : 1);
  return Fit::yes;
}

void KernelDecoder::restart() {
  in_message_ = false;
  shell_before_ = '\n';
  with_levels_ = true;
  time_us_ = 0;
  stamp_[0] = '\0';
}

std::uint64_t KernelDecoder::last_time() const {
  PrintkPrefix prefix;
  if (stamp_[0] == '\0' || fit_printk({stamp_.data(), stamp_.size()}, prefix) != Fit::yes) return time_us_;
  return prefix.time_us;
}

/// Where a message whose '[' is at `bracket` would begin: at its level, where it has one.
std::size_t KernelDecoder::begin_of(std::string_view bytes, std::size_t bracket, std::size_t from) const {
  if (bracket < from + 3 || bytes[bracket - 1] != '>') return bracket;
  auto at = bracket - 2;
  if (!Prefix::is_digit(bytes[at])) return bracket;
  if (at > from && Prefix::is_digit(bytes[at - 1])) --at;
  if (at == from || bytes[at - 1] != '<') return bracket;
  const bool at_line = (at - 1 > from ? bytes[at - 2] : shell_before_) == '\n';
  return at_line || with_levels_ ? at - 1 : bracket;  // else "<6>" is the shell's own
}

/// Whether the kernel speaks from `begin` on; then it counts as seen. Bytes from `from` on are the shell's.
Fit KernelDecoder::looks_like_message(std::string_view bytes, std::size_t begin, std::size_t from) {
  PrintkPrefix prefix;
  const auto text = bytes.substr(begin);
  const bool at_line = (begin > from ? bytes[begin - 1] : shell_before_) == '\n';
  if (at_line && is_usual_printk(text)) {
    text.copy(stamp_.data(), stamp_.size());
    with_levels_ = false;
    return Fit::yes;
  }
  const auto fit = fit_printk(text, prefix);
  if (fit != Fit::yes) return fit;
  // Messages of several processors may overtake each other a little; 0 is a kernel that begins.
  constexpr std::uint64_t disorder_us = 1'000'000;
  if (!at_line && prefix.time_us != 0 && prefix.time_us + disorder_us < last_time()) return Fit::no;
  time_us_ = prefix.time_us;
  stamp_[0] = '\0';
  with_levels_ = prefix.level.has_value();
  return Fit::yes;
}

/// The rest of a message, and those of the usual form behind it. Value: where the next thing begins.
std::size_t KernelDecoder::scan_message(Scan& scan, std::size_t from) {
  const auto bytes = scan.bytes();
  std::size_t last = bytes.size();  // where the last message behind the first one begins
  auto end = find_byte(bytes, from, '\n');
  for (; end < bytes.size() && shell_before_ == '\n' && is_usual_printk(bytes.substr(end + 1));
       end = find_byte(bytes, last, '\n'))
    last = end + 1;
  if (last < bytes.size()) {
    bytes.copy(stamp_.data(), stamp_.size(), last);
    with_levels_ = false;
  }
  in_message_ = end == bytes.size();
  const auto to = in_message_ ? end : end + 1;
  scan.text(kernel_, to);
  return to;
}

namespace {

/// How many bytes at the end of a shell's text may be the begin of a level: "<", "<6", "<6>".
std::size_t open_level(std::string_view text) {
  for (std::size_t size = 1; size <= std::min(longest_level, text.size()); ++size) {
    if (text[text.size() - size] != '<') continue;
    Prefix at(text.substr(text.size() - size));
    const bool whole = at.byte('<') && at.digits(1, 2) && at.byte('>');
    return whole || at.ran_out() ? size : 0;
  }
  return 0;
}

}  // namespace

void KernelDecoder::scan(Scan& scan) {
  const auto bytes = scan.bytes();
  std::size_t at = 0;    // gone over
  std::size_t from = 0;  // the shell's bytes since here are at hand
  const auto shell_up_to = [&](std::size_t to) {
    if (to > from) shell_before_ = bytes[to - 1];
    if (to > scan.position()) scan.text(shell_, to);
  };
  while (at < bytes.size()) {
    if (in_message_) {
      at = from = scan_message(scan, at);
      continue;
    }
    const auto bracket = find_byte(bytes, at, '[');
    if (bracket == bytes.size()) break;
    const auto begin = bytes[bracket - (bracket > 0 ? 1 : 0)] == '>' ? begin_of(bytes, bracket, from) : bracket;
    if (bracket + 1 < bytes.size() && bytes[bracket + 1] != ' ' && !Prefix::is_digit(bytes[bracket + 1])) {
      at = bracket + 1;  // colours, and other brackets: most of those that are no message
      continue;
    }
    auto fit = looks_like_message(bytes, begin, from);
    if (fit == Fit::more && !scan.last()) return shell_up_to(begin);
    at = bracket + 1;
    if (fit != Fit::yes) continue;
    shell_up_to(begin);
    in_message_ = true;
    at = begin;
  }
  if (in_message_ || from >= bytes.size()) return;
  shell_up_to(bytes.size() - (scan.last() ? 0 : open_level(bytes.substr(from))));
}

}  // namespace hilltop::boards::demux
