// SPDX-License-Identifier: Apache-2.0
#include "jobs/testshell/signals.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace hilltop::jobs::testshell {
namespace {

constexpr std::string_view signal_opening = "<LAVA_SIGNAL_";
constexpr std::string_view runner_opening = "<LAVA_TEST_RUNNER ";
constexpr std::size_t most_bytes = 8192;  // of a signal
constexpr unsigned most_line_ends = 4;    // in a signal: a text that was meant to have lines
constexpr std::size_t line_kept = 512;

enum class Stamp { no, maybe, yes };

/// Whether `text` is, or begins as, a kernel message's time stamp: "[   12.345678]". Source: Linux
/// kernel/printk/printk.c, print_time().
Stamp stamp_state(std::string_view text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  std::size_t i = 1;
  while (i < text.size() && text[i] == ' ') ++i;
  const auto seconds = i;
  while (i < text.size() && digit(text[i])) ++i;
  if (i == text.size()) return i > 24 ? Stamp::no : Stamp::maybe;
  if (i == seconds || text[i] != '.') return Stamp::no;
  const auto fraction = ++i;
  while (i < text.size() && digit(text[i])) ++i;
  if (i - fraction > 6) return Stamp::no;
  if (i == text.size()) return Stamp::maybe;
  return i - fraction == 6 && text[i] == ']' ? Stamp::yes : Stamp::no;
}

/// Whether a line that begins like this shows what a shell under `set -x` is about to run.
bool is_trace(std::string_view line) {
  const auto pluses = line.find_first_not_of('+');
  if (pluses == std::string_view::npos) return false;
  if (pluses > 0 && pluses + 1 < line.size() && line[pluses] == ' ' && line[pluses + 1] != ' ') return true;
  return line.contains("+ echo ") || line.contains("+ printf ");  // behind output that did not end its line
}

std::string_view trimmed(std::string_view text) {
  const auto space = [](unsigned char c) { return std::isspace(c) != 0; };
  while (!text.empty() && space(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && space(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

}  // namespace

void SignalScanner::feed(std::string_view bytes) {
  for (const char c : bytes) {
    take(c);
    ++offset_;
  }
}

void SignalScanner::take(char c) {
  if (in_kernel_) return take_kernel(c);
  if (stamp_.empty() && c != '[') return take_user(c);
  if (!stamp_.empty() && c == '[') {  // what came before it was none
    const auto held = std::exchange(stamp_, {});
    for (std::size_t i = 0; i < held.size(); ++i) put(user_, held[i], offset_ - held.size() + i);
  }
  stamp_ += c;
  const auto state = stamp_state(stamp_);
  if (state == Stamp::maybe) return;
  const auto held = std::exchange(stamp_, {});
  if (state == Stamp::yes) {
    in_kernel_ = true;
    if (user_.open && user_.raw.empty()) user_.raw = user_.found;
    if (user_.open) user_.raw += held;
    return;
  }
  for (std::size_t i = 0; i < held.size(); ++i) put(user_, held[i], offset_ + 1 - held.size() + i);
}

void SignalScanner::take_user(char c) { put(user_, c, offset_); }

void SignalScanner::take_kernel(char c) {
  if (user_.open && user_.raw.size() < most_bytes) user_.raw += c;
  if (c != '\n') return put(kernel_, c, offset_);
  cut_off(kernel_, offset_);
  kernel_.line.clear();
  in_kernel_ = false;
  if (!user_.open || !user_.traced) return;
  drop(user_);  // no signal in any case: and the line may have ended here, when a command's text has such a stamp in it
  user_.line.clear();
}

void SignalScanner::put(Stream& stream, char c, std::uint64_t at) {
  if (c == '\r') return;
  if (stream.open)
    put_open(stream, c, at);
  else
    put_candidate(stream, c, at);
  if (c == '\n')
    stream.line.clear();
  else if (stream.line.size() < line_kept)
    stream.line += c;
}

/// Looks for an opening.
void SignalScanner::put_candidate(Stream& stream, char c, std::uint64_t at) {
  if (c == '<') {
    stream.found = "<";
    stream.begin = at;
    stream.traced = is_trace(stream.line);
    return;
  }
  if (stream.found.empty()) return;
  stream.found += c;
  if (stream.found == signal_opening || stream.found == runner_opening)
    stream.open = true;
  else if (!signal_opening.starts_with(stream.found) && !runner_opening.starts_with(stream.found))
    drop(stream);
}

void SignalScanner::put_open(Stream& stream, char c, std::uint64_t at) {
  if (c == '>') return end_signal(stream, at + 1);
  stream.found += c;
  if (!stream.raw.empty() && stream.raw.size() < most_bytes) stream.raw += c;
  for (const auto opening : {signal_opening, runner_opening}) {
    if (!std::string_view(stream.found).ends_with(opening) || stream.found.size() == opening.size()) continue;
    // Another one begins: this one never ended.
    const bool traced = is_trace(stream.line);
    stream.found.resize(stream.found.size() - opening.size());
    cut_off(stream, at + 1 - opening.size());
    stream.found = opening;
    stream.begin = at + 1 - opening.size();
    stream.open = true;
    stream.traced = traced;
    return;
  }
  if (c == '\n') ++stream.line_ends;
  if (stream.found.size() > most_bytes || stream.line_ends > most_line_ends) cut_off(stream, at + 1);
}

void SignalScanner::end_signal(Stream& stream, std::uint64_t end) {
  if (!stream.traced) report(stream, stream.found, end);
  drop(stream);
}

/// What is open will not end. A text that looked like a kernel message within it may have been the signal's own.
void SignalScanner::cut_off(Stream& stream, std::uint64_t end) {
  if (stream.open && !stream.traced) {
    const auto close = stream.raw.find('>');
    if (close != std::string::npos)
      report(stream, std::string_view(stream.raw).substr(0, close), end);
    else
      on_signal_({Signal::Kind::broken, "", std::string(trimmed(stream.found)), stream.begin, end});
  }
  drop(stream);
}

void SignalScanner::report(const Stream& stream, std::string_view found, std::uint64_t end) {
  const bool runner = found.starts_with(runner_opening);
  auto rest = found.substr(runner ? runner_opening.size() : signal_opening.size());
  const auto space = rest.find_first_of(" \t\n");
  const auto name = rest.substr(0, space);
  const auto text = space == std::string_view::npos ? std::string_view() : trimmed(rest.substr(space));
  if (name.empty() || (text.empty() && !runner)) {
    on_signal_({Signal::Kind::broken, "", std::string(found) + ">", stream.begin, end});
    return;
  }
  on_signal_(
      {runner ? Signal::Kind::runner : Signal::Kind::signal, std::string(name), std::string(text), stream.begin, end});
}

void SignalScanner::drop(Stream& stream) {
  stream.found.clear();
  stream.raw.clear();
  stream.open = stream.traced = false;
  stream.line_ends = 0;
}

void SignalScanner::finish() {
  const auto held = std::exchange(stamp_, {});
  for (std::size_t i = 0; i < held.size(); ++i) put(user_, held[i], offset_ - held.size() + i);
  for (auto* stream : {&kernel_, &user_}) {
    cut_off(*stream, offset_);
    stream->line.clear();
  }
  in_kernel_ = false;
}

void SignalScanner::restart_at(std::uint64_t offset) {
  finish();
  offset_ = offset;
}

}  // namespace hilltop::jobs::testshell
