// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "boards/console/block_pool.hpp"
#include "boards/console/console.hpp"
#include "boards/console/segment.hpp"

namespace hilltop::boards {

/// A stretch of a console's bytes in memory, shared by the window, the journal's writer and readers. Bytes once
/// committed never change.
struct ByteBlock {
  ByteBlock(std::uint64_t at, std::size_t size) : offset(at), capacity(size), data(BlockPool::alone(size)) {}
  ByteBlock(std::uint64_t at, BlockPool& pool) : offset(at), capacity(pool.size()), data(pool.take()) {}
  const std::uint64_t offset;  ///< of data[0] in the console
  const std::size_t capacity;
  std::size_t used = 0;  ///< guarded by the window's lock; written by the shard only
  std::vector<TimeMark> marks;
  const BlockPool::Memory data;
  [[nodiscard]] std::uint64_t end() const { return offset + used; }
};

/// The last bytes of a console: at least those that are not yet on disk, few of the others.
/// Thread: commit() and the end of the last block belong to the shard; all calls under the console's lock.
class Window {
 public:
  explicit Window(std::uint64_t begin) : begin_(begin), end_(begin) {}

  /// `bytes` more are in `block`, which becomes the last one; those before `written` are on disk, and `limit` of them
  /// are kept.
  void commit(const std::shared_ptr<ByteBlock>& block, std::size_t bytes, UtcTime time, UtcTime bound,
              std::uint64_t written, std::size_t limit);
  /// The first bytes from `from` on (at most `max`), or nothing when there are none yet.
  [[nodiscard]] std::optional<ConsoleChunk> read(std::uint64_t from, std::size_t max) const;
  /// The first byte that was read at or after `time`.
  [[nodiscard]] std::optional<std::uint64_t> offset_at(UtcTime time) const;

  [[nodiscard]] std::uint64_t begin() const { return begin_; }
  [[nodiscard]] std::uint64_t end() const { return end_; }

 private:
  std::deque<std::shared_ptr<ByteBlock>> blocks_;
  std::uint64_t begin_;
  std::uint64_t end_;
};

}  // namespace hilltop::boards
