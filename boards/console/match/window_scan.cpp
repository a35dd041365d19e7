// SPDX-License-Identifier: Apache-2.0
// Patterns whose matches may span lines.
#include <algorithm>

#include "boards/console/match/matcher_state.hpp"

namespace hilltop::boards {

void BlockScan::window_patterns(std::uint32_t line) {
  const auto number = windows_->first_line + windows_->history.lines().size() - block_.lines().size() + line;
  for (std::size_t i = 0; i < m_.windowed.size(); ++i) {
    const auto& pattern = m_.patterns[m_.windowed[i]];
    const auto hit = windows_->cursors[i].hit;
    if (pattern.how == HowToMatch::always || (hit != 0 && number - (hit - 1) < pattern.spec.window))
      window_pattern(i, number, line);
  }
}

void BlockScan::window_pattern(std::size_t index, std::uint64_t number, std::uint32_t line) {
  auto& cursor = windows_->cursors[index];
  const auto& history = windows_->history;
  const auto& pattern = m_.patterns[m_.windowed[index]];
  const auto last = static_cast<std::size_t>(number - windows_->first_line);
  const auto end = history.lines()[last].end;
  if (!w_.begin_pattern(m_.windowed[index])) return report_gave_up(m_.windowed[index], line);
  for (;;) {
    const auto earliest = number + 1 > pattern.spec.window ? number + 1 - pattern.spec.window : 0;
    auto first =
        static_cast<std::size_t>(std::max({earliest, cursor.line, windows_->first_line}) - windows_->first_line);
    while (first < last && end - history.begin(first) > max_line_bytes) ++first;
    const auto begin = history.begin(first);
    const bool within = cursor.line == windows_->first_line + first;
    const auto from = within ? cursor.offset : 0;
    const auto found =
        w_.match(pattern, history.text().substr(begin, end - begin), from, false, within && cursor.after_empty);
    if (found < 0) report_gave_up(m_.windowed[index], line);
    if (found <= 0) return;
    window_match(index, line, first, begin + static_cast<std::uint32_t>(w_.begin),
                 begin + static_cast<std::uint32_t>(w_.end));
  }
}

void BlockScan::window_match(std::size_t index, std::uint32_t line, std::size_t first, std::uint32_t begin,
                             std::uint32_t end) {
  auto& cursor = windows_->cursors[index];
  const auto& history = windows_->history;
  auto begin_line = first;
  while (history.lines()[begin_line].end < begin) ++begin_line;
  auto end_line = begin_line;
  while (history.lines()[end_line].end < end) ++end_line;
  cursor.line = windows_->first_line + end_line;
  cursor.offset = end - history.begin(end_line);
  cursor.after_empty = begin == end;
  // Of the block: the line that has just ended may stand behind the one in which the match ends.
  const auto to_block = block_.begin(line) -
                        static_cast<std::int64_t>(history.begin(history.lines().size() - block_.lines().size() + line));
  const auto line_begin = block_.begin(line);
  const auto in_block = [&](std::uint32_t at) {
    return static_cast<std::uint32_t>(std::max<std::int64_t>(line_begin, at + to_block));
  };
  // The raw end is that of the last byte, which may be the \n of a line before.
  const auto last_byte_line = end > begin && history.begin(end_line) == end ? end_line - 1 : end_line;
  out_.push_back({.pattern = m_.windowed[index],
                  .line = line,
                  .begin = in_block(begin),
                  .end = in_block(end),
                  .lines = static_cast<std::uint32_t>(end_line - begin_line + 1),
                  .raw_begin = history.raw_at(begin_line, begin),
                  .raw_end = last_byte_line < end_line
                                 ? history.lines()[end_line].raw
                                 : history.raw_end(end_line, std::max(begin, history.begin(end_line)), end)});
}

void BlockScan::forget_old_lines() {
  auto& history = windows_->history;
  const std::size_t keep = m_.longest_window - 1;
  const auto count = history.lines().size();
  if (count <= keep) return;
  CleanBlock kept;
  for (auto i = count - keep; i < count; ++i) kept.append(history, i);
  windows_->first_line += count - keep;
  history = std::move(kept);
}

}  // namespace hilltop::boards
