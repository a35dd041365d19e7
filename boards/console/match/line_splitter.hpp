// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace hilltop::boards {

/// Cuts a byte stream into lines at \n, \r\n or \r; the same lines at any chunk size. A line longer than `limit` is
/// handed on in pieces of `limit`.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t limit = 64 * 1024) : limit_(limit) {}
  /// Calls `on_line(line, offset of its first byte)` for each line that ends in `bytes`.
  void feed(std::string_view bytes, const std::function<void(std::string_view, std::uint64_t)>& on_line);
  /// The line that has not ended yet.
  [[nodiscard]] std::string_view rest() const { return rest_; }
  /// Where it begins.
  [[nodiscard]] std::uint64_t rest_begin() const { return rest_offset_; }
  /// Where the next byte stands; set it before the first feed() and after a gap.
  void restart_at(std::uint64_t offset);
  /// The next byte stands there, and goes on with the line: what stood between is none of it.
  void jump_to(std::uint64_t offset);

 private:
  std::size_t limit_;
  std::string rest_;
  std::uint64_t rest_offset_ = 0;
  std::uint64_t next_offset_ = 0;
  bool after_cr_ = false;
};

}  // namespace hilltop::boards
