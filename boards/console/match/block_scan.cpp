// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>

#include "boards/console/match/matcher_state.hpp"
#include "boards/console/match/time_stamps.hpp"

namespace hilltop::boards {

void BlockScan::run() {
  w_.begin_block(m_);
  w_.candidates.clear();
  constexpr std::size_t lines_a_cache_line = 64 / sizeof(CleanLine);
  for (std::size_t i = 0; i < std::min<std::size_t>(block_.lines().size(), 256); i += lines_a_cache_line)
    __builtin_prefetch(&block_.lines()[i]);  // wanted when the text has been looked through
  m_.filter.find(block_.text(), w_.candidates);
  if (windows_ != nullptr)
    for (std::size_t i = 0; i < block_.lines().size(); ++i) windows_->history.append(block_, i);
  const auto lines = block_.lines();
  const bool all_lines = !m_.every_line.empty() || windows_ != nullptr;
  std::uint32_t line = 0;
  std::uint32_t done = 0;  // lines that every_line patterns and windows have seen
  for (std::size_t i = 0; i < w_.candidates.size();) {
    const auto at = w_.candidates[i].at;
    while (line < lines.size() && lines[line].end < at) ++line;
    if (line == lines.size()) break;
    if (all_lines)
      for (; done < line; ++done) line_with_hits(done, i, i);
    auto last = i + 1;
    while (last < w_.candidates.size() && w_.candidates[last].at <= lines[line].end) ++last;
    line_with_hits(line, i, last);
    i = last;
    done = line + 1;
  }
  if (all_lines)
    for (; done < lines.size(); ++done) line_with_hits(done, 0, 0);
  if (windows_ != nullptr) forget_old_lines();
}

void BlockScan::line_with_hits(std::uint32_t line, std::size_t first, std::size_t last) {
  const auto begun = out_.size();
  auto& hits = w_.hits;
  hits.clear();
  for (auto i = first; i < last; ++i) {
    const auto& candidate = w_.candidates[i];
    const auto& use = m_.uses[candidate.factor];
    if (candidate.at >= block_.begin(line)) hits.push_back({use.pattern, candidate.at, use.offset});
  }
  if (hits.size() > 1) std::ranges::sort(hits);
  for (std::size_t i = 0; i < hits.size();) {
    auto next = i + 1;
    while (next < hits.size() && hits[next].pattern == hits[i].pattern) ++next;
    hits_of_pattern(line, hits.data() + i, hits.data() + next);
    i = next;
  }
  if (m_.every_line.empty() && windows_ == nullptr) return;
  every_line_patterns(line);
  if (windows_ != nullptr) window_patterns(line);
  if (out_.size() > begun + 1)
    std::sort(out_.begin() + static_cast<std::ptrdiff_t>(begun), out_.end(), [](const auto& a, const auto& b) {
      return std::tie(a.pattern, a.gave_up, a.begin, a.end, a.raw_begin) <
             std::tie(b.pattern, b.gave_up, b.begin, b.end, b.raw_begin);
    });
}

void BlockScan::hits_of_pattern(std::uint32_t line, const Hit* first, const Hit* last) {
  const auto& pattern = m_.patterns[first->pattern];
  if (pattern.spec.window > 1) {
    const auto number = windows_->first_line + windows_->history.lines().size() - block_.lines().size() + line;
    const auto index = std::ranges::lower_bound(m_.windowed, first->pattern) - m_.windowed.begin();
    windows_->cursors[static_cast<std::size_t>(index)].hit = number + 1;
    return;
  }
  if (!w_.begin_pattern(first->pattern)) return report_gave_up(first->pattern, line);
  switch (pattern.how) {
    case HowToMatch::literal:
      return literal(line, first, last);
    case HowToMatch::anchored:
      return anchored(line, first, last);
    case HowToMatch::search:
      return search(line, first, last);
    case HowToMatch::never:
    case HowToMatch::always:
      return;
  }
}

// Where the pattern's text begins, in the block's text.
std::uint32_t BlockScan::subject_begin(std::uint32_t line, const CompiledPattern& pattern) const {
  const auto begin = block_.begin(line);
  if (!pattern.spec.after_stamps) return begin;
  return begin + static_cast<std::uint32_t>(time_stamps_length(block_.line(line)));
}

std::string_view BlockScan::subject(std::uint32_t line, std::uint32_t begin) const {
  return block_.text().substr(begin, block_.lines()[line].end - begin);
}

void BlockScan::literal(std::uint32_t line, const Hit* first, const Hit* last) {
  const auto& pattern = m_.patterns[first->pattern];
  auto from = subject_begin(line, pattern);
  for (const auto* hit = first; hit < last; ++hit) {
    if (hit->at < from) continue;
    from = hit->at + pattern.literal_bytes;
    report(hit->pattern, line, hit->at, from);
  }
}

void BlockScan::anchored(std::uint32_t line, const Hit* first, const Hit* last) {
  const auto& pattern = m_.patterns[first->pattern];
  const auto begin = subject_begin(line, pattern);
  const auto text = subject(line, begin);
  // All places where a match may begin, in order. Hits are sorted by place, but their offsets may differ.
  auto* starts = const_cast<Hit*>(first);
  for (auto* hit = starts; hit < last; ++hit)
    hit->at =
        hit->at >= static_cast<std::uint32_t>(hit->offset) ? hit->at - static_cast<std::uint32_t>(hit->offset) : 0;
  if (last - first > 1)
    std::sort(starts, const_cast<Hit*>(last), [](const Hit& a, const Hit& b) { return a.at < b.at; });
  auto from = begin;
  for (const auto* hit = first; hit < last; ++hit) {
    if (hit->at < from) continue;
    const auto found = w_.match(pattern, text, hit->at - begin, true, false);
    if (found < 0) return report_gave_up(hit->pattern, line);
    from = hit->at + 1;
    if (found == 0) continue;
    from = begin + static_cast<std::uint32_t>(w_.end);
    report(hit->pattern, line, begin + static_cast<std::uint32_t>(w_.begin), from);
  }
}

void BlockScan::search(std::uint32_t line, const Hit* first, const Hit* last) {
  const auto& pattern = m_.patterns[first->pattern];
  const auto begin = subject_begin(line, pattern);
  const auto text = subject(line, begin);
  auto from = begin;
  // Each match holds a hit: behind the last one there is none.
  for (const auto* hit = first; hit < last; ++hit) {
    if (hit->at < from) continue;
    const auto found = w_.match(pattern, text, from - begin, false, false);
    if (found < 0) return report_gave_up(hit->pattern, line);
    if (found == 0) return;
    from = begin + static_cast<std::uint32_t>(w_.end);
    report(hit->pattern, line, begin + static_cast<std::uint32_t>(w_.begin), from);
    --hit;  // it may lie behind this match
  }
}

void BlockScan::every_line_patterns(std::uint32_t line) {
  for (const auto index : m_.every_line) {
    const auto& pattern = m_.patterns[index];
    if (!w_.begin_pattern(index)) {
      report_gave_up(index, line);
      continue;
    }
    const auto begin = subject_begin(line, pattern);
    const auto text = subject(line, begin);
    bool after_empty = false;
    for (std::size_t from = 0;;) {
      const auto found = w_.match(pattern, text, from, false, after_empty);
      if (found < 0) report_gave_up(index, line);
      if (found <= 0) break;
      report(index, line, begin + static_cast<std::uint32_t>(w_.begin), begin + static_cast<std::uint32_t>(w_.end));
      after_empty = w_.begin == w_.end;
      from = w_.end;
    }
  }
}

void BlockScan::report(std::uint32_t pattern, std::uint32_t line, std::uint32_t begin, std::uint32_t end) {
  out_.push_back({.pattern = pattern,
                  .line = line,
                  .begin = begin,
                  .end = end,
                  .raw_begin = block_.raw_at(line, begin),
                  .raw_end = block_.raw_end(line, begin, end)});
}

void BlockScan::report_gave_up(std::uint32_t pattern, std::uint32_t line) {
  const auto begin = block_.begin(line);
  const auto raw = block_.lines()[line].raw;
  w_.count_give_up(pattern);
  out_.push_back({.pattern = pattern,
                  .line = line,
                  .begin = begin,
                  .end = begin,
                  .gave_up = true,
                  .raw_begin = raw,
                  .raw_end = raw});
}

}  // namespace hilltop::boards
