// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "boards/console/match/clean_state.hpp"

namespace hilltop::boards {
namespace {

template <class T>
void grow(std::unique_ptr<T[]>& array, std::size_t& capacity, std::size_t used, std::size_t wanted) {
  if (wanted <= capacity) return;
  capacity = std::max(wanted, capacity * 2);
  auto larger = std::make_unique_for_overwrite<T[]>(capacity);
  std::copy_n(array.get(), used, larger.get());
  array = std::move(larger);
}

}  // namespace

CleanBlock::CleanBlock() = default;

void CleanBlock::clear() { text_size_ = line_count_ = cut_count_ = 0; }

void CleanBlock::reserve(std::size_t text, std::size_t lines, std::size_t cuts) {
  if (text_size_ + text > text_capacity_) {
    text_capacity_ = std::max(text_size_ + text, text_capacity_ * 2);
    auto larger = std::make_unique_for_overwrite<char[]>(padding + text_capacity_ + padding);
    std::memset(larger.get(), 0, padding);
    larger[padding - 1] = '\n';
    std::memset(larger.get() + padding + text_capacity_, 0, padding);
    if (text_size_ > 0) std::memcpy(larger.get() + padding, text_.get() + padding, text_size_);
    text_ = std::move(larger);
  }
  grow(lines_, line_capacity_, line_count_, line_count_ + lines);
  grow(cuts_, cut_capacity_, cut_count_, cut_count_ + cuts);
}

std::uint64_t CleanBlock::raw_at(std::size_t line, std::uint32_t offset) const {
  const auto last = line + 1 < line_count_ ? lines_[line + 1].first_cut : cut_count_;
  std::uint32_t at = begin(line);
  std::uint64_t raw = lines_[line].raw;
  if (offset == lines_[line].end) return offset == at ? raw : raw_at(line, offset - 1) + 1;
  auto cut = std::upper_bound(cuts_.get() + lines_[line].first_cut, cuts_.get() + last, offset,
                              [](std::uint32_t wanted, const CleanCut& one) { return wanted < one.at; });
  if (cut != cuts_.get() + lines_[line].first_cut) {
    --cut;
    at = cut->at;
    raw = cut->raw;
  }
  return raw + (offset - at);
}

std::uint64_t CleanBlock::raw_end(std::size_t line, std::uint32_t begin, std::uint32_t end) const {
  return end > begin ? raw_at(line, end - 1) + 1 : raw_at(line, end);
}

void CleanBlock::append(std::string_view line, std::uint64_t raw) {
  reserve(line.size() + 1, 1, 0);
  text_size_ = text().size();
  auto* to = text_.get() + padding + text_size_;
  if (!line.empty()) std::memcpy(to, line.data(), line.size());
  to[line.size()] = '\n';
  lines_[line_count_] = {static_cast<std::uint32_t>(text_size_ + line.size()), static_cast<std::uint32_t>(cut_count_),
                         raw};
  text_size_ += line.size() + 1;
  ++line_count_;
}

void CleanBlock::append(const CleanBlock& from, std::size_t line) {
  const auto first = from.lines_[line].first_cut;
  const auto last = line + 1 < from.line_count_ ? from.lines_[line + 1].first_cut : from.cut_count_;
  const auto to = static_cast<std::uint32_t>(text().size());
  const auto cut_from = cut_count_;
  append(from.line(line), from.lines_[line].raw);
  reserve(0, 0, last - first);
  for (auto i = first; i < last && from.cuts_[i].at <= from.lines_[line].end; ++i) {
    cuts_[cut_count_] = {from.cuts_[i].at - from.begin(line) + to, from.cuts_[i].raw};
    ++cut_count_;
  }
  lines_[line_count_ - 1].first_cut = static_cast<std::uint32_t>(cut_from);
}

void Cleaner::State::restart(std::uint64_t offset) {
  rest.clear();
  position = line_raw = mapped = offset;
  mode = CleanMode::text;
  after_cr = false;
  count = 0;
}

CleanBlock::Writer::Writer(CleanBlock& block, Cleaner::State& state, const CleanBlock& rest) : b(block), s(state) {
  if (&b == &rest) return;
  b.text_size_ = b.text().size();
  line_begin = b.text_size_;
  line_first_cut = b.cut_count_;
  b.reserve(rest.text_size_, 0, rest.cut_count_);
  if (rest.text_size_ > 0)
    std::memcpy(b.text_.get() + padding + line_begin, rest.text_.get() + padding, rest.text_size_);
  b.text_size_ += rest.text_size_;
  for (std::size_t i = 0; i < rest.cut_count_; ++i)
    b.cuts_[b.cut_count_++] = {rest.cuts_[i].at + static_cast<std::uint32_t>(line_begin), rest.cuts_[i].raw};
}

void CleanBlock::Writer::close() {
  const auto size = line_size();
  const auto cuts = b.cut_count_ - line_first_cut;
  auto& rest = s.rest;
  if (&b == &rest && line_begin == 0 && line_first_cut == 0) {  // it grew where it is: nothing to move
    rest.line_count_ = 0;
    return;
  }
  if (&b != &rest) {
    rest.clear();
    rest.reserve(size, 0, cuts);
  }
  if (size > 0) std::memmove(rest.text_.get() + padding, b.text_.get() + padding + line_begin, size);
  for (std::size_t i = 0; i < cuts; ++i) {
    const auto& from = b.cuts_[line_first_cut + i];
    rest.cuts_[i] = {from.at - static_cast<std::uint32_t>(line_begin), from.raw};
  }
  if (&b != &rest) {
    b.text_size_ = line_begin;
    b.cut_count_ = line_first_cut;
  }
  rest.text_size_ = size;
  rest.line_count_ = 0;
  rest.cut_count_ = cuts;
}

void CleanBlock::Writer::reserve(std::size_t raw_bytes) {
  constexpr std::size_t vector = 64;  // the vector loop writes whole vectors
  b.reserve(3 * raw_bytes + 2 * vector + 8, raw_bytes + 4, raw_bytes + 4);
}

void CleanBlock::Writer::cut(std::uint64_t raw) {
  s.mapped = raw;
  const auto at = static_cast<std::uint32_t>(b.text_size_);
  if (b.cut_count_ > line_first_cut && b.cuts_[b.cut_count_ - 1].at == at) --b.cut_count_;
  b.cuts_[b.cut_count_++] = {at, raw};
}

void CleanBlock::Writer::put(std::string_view unit, std::uint64_t raw) {
  if (line_size() + unit.size() > max_line_bytes) {
    end_line(raw);
    s.after_cr = false;
  }
  if (raw != s.mapped) cut(raw);
  std::memcpy(b.text_.get() + padding + b.text_size_, unit.data(), unit.size());
  b.text_size_ += unit.size();
  s.mapped = raw + unit.size();
  s.after_cr = false;
}

// Its first two bytes stand for the first byte of what was ill-formed, the third one for the last.
void CleanBlock::Writer::replacement(std::uint64_t raw, std::uint64_t end) {
  put("\xef\xbf\xbd", raw);
  b.reserve(0, 0, 3 + reserved_bytes + 4);  // more cuts than bytes: those to come have theirs as before
  b.text_size_ -= 2;
  cut(raw);
  ++b.text_size_;
  cut(end - 1);
  ++b.text_size_;
  s.mapped = end;
}

void CleanBlock::Writer::begin_line(std::uint64_t raw) {
  s.line_raw = s.mapped = raw;
  b.cut_count_ = line_first_cut;
}

void CleanBlock::Writer::end_line(std::uint64_t next_raw) {
  b.text_[padding + b.text_size_] = '\n';
  b.lines_[b.line_count_++] = {static_cast<std::uint32_t>(b.text_size_), static_cast<std::uint32_t>(line_first_cut),
                               s.line_raw};
  line_begin = ++b.text_size_;
  line_first_cut = b.cut_count_;
  s.line_raw = s.mapped = next_raw;
}

}  // namespace hilltop::boards
