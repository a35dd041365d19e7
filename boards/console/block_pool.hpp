// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace hilltop::boards {

/// Memory for blocks of one size, used again: fresh memory has to be mapped in and cleared by the kernel, which costs
/// as much as reading the bytes into it. Thread: any; it lives as long as memory of it is out.
class BlockPool : public std::enable_shared_from_this<BlockPool> {
 public:
  /// Gives memory back to its pool, or frees it.
  struct Return {
    std::shared_ptr<BlockPool> pool;
    void operator()(char* memory) const {
      if (!pool || !pool->keep(memory)) delete[] memory;
    }
  };
  using Memory = std::unique_ptr<char[], Return>;

  /// Keeps at most `most` pieces of `size` bytes that nobody uses.
  BlockPool(std::size_t size, std::size_t most) : size_(size), most_(most) {}
  ~BlockPool() {
    for (auto* memory : free_) delete[] memory;
  }
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  [[nodiscard]] std::size_t size() const { return size_; }
  /// `size()` bytes of any content.
  [[nodiscard]] Memory take() {
    char* memory = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        memory = free_.back();
        free_.pop_back();
      }
    }
    return {memory != nullptr ? memory : new char[size_], Return{shared_from_this()}};
  }
  /// Memory that belongs to no pool.
  [[nodiscard]] static Memory alone(std::size_t size) { return {new char[size], Return{}}; }

 private:
  bool keep(char* memory) {
    const std::lock_guard lock(mutex_);
    if (free_.size() >= most_) return false;
    free_.push_back(memory);
    return true;
  }

  const std::size_t size_;
  const std::size_t most_;
  std::mutex mutex_;
  std::vector<char*> free_;
};

}  // namespace hilltop::boards
