// SPDX-License-Identifier: Apache-2.0
#include "boards/console/window.hpp"

#include <algorithm>

namespace hilltop::boards {
namespace {

constexpr std::size_t block_limit = 64;  // bounds the time marks of a line that sends a byte at a time

UtcTime time_of(const ByteBlock& block, std::uint64_t offset) {
  const auto after = std::ranges::upper_bound(block.marks, offset, {}, &TimeMark::offset);
  return after == block.marks.begin() ? UtcTime() : std::prev(after)->time;
}

}  // namespace

void Window::commit(const std::shared_ptr<ByteBlock>& block, std::size_t bytes, UtcTime time, UtcTime bound,
                    std::uint64_t written, std::size_t limit) {
  if (blocks_.empty() || blocks_.back() != block) blocks_.push_back(block);
  block->marks.push_back({end_, time, bound});
  block->used += bytes;
  end_ += bytes;
  while (blocks_.size() > 1) {
    const auto& oldest = *blocks_.front();
    const bool too_much = end_ - oldest.end() >= limit || blocks_.size() > block_limit;
    if (!too_much || oldest.end() > written) break;
    blocks_.pop_front();
  }
  begin_ = blocks_.front()->offset;
}

std::optional<ConsoleChunk> Window::read(std::uint64_t from, std::size_t max) const {
  if (from >= end_ || blocks_.empty()) return std::nullopt;
  ConsoleChunk out;
  out.lost = from < begin_ ? begin_ - from : 0;
  out.offset = from + out.lost;
  auto block = std::ranges::upper_bound(blocks_, out.offset, {}, [](const auto& b) { return b->end(); });
  out.time = time_of(**block, out.offset);
  max = std::max<std::size_t>(max, 1);
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(max, end_ - out.offset));
  out.bytes.reserve(wanted);
  for (; out.bytes.size() < wanted; ++block) {
    const auto skip = static_cast<std::size_t>(out.offset + out.bytes.size() - (*block)->offset);
    out.bytes.append((*block)->data.get() + skip, std::min((*block)->used - skip, wanted - out.bytes.size()));
  }
  return out;
}

std::optional<std::uint64_t> Window::offset_at(UtcTime time) const {
  for (const auto& block : blocks_)
    for (const auto& mark : block->marks)
      if (mark.time >= time) return mark.offset;
  return std::nullopt;
}

}  // namespace hilltop::boards
