// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "boards/console/match/line_splitter.hpp"

namespace hilltop::boards {

// \r\n is one line end, also when a chunk ends between the two: the \n after a \r is dropped when it comes.
void LineSplitter::feed(std::string_view bytes, const std::function<void(std::string_view, std::uint64_t)>& on_line) {
  while (!bytes.empty()) {
    if (after_cr_ && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      ++next_offset_;
      after_cr_ = false;
      rest_offset_ = next_offset_;
      continue;
    }
    after_cr_ = false;
    const auto end = std::min(bytes.find_first_of("\r\n"), bytes.size());
    const auto take = std::min(end, limit_ - rest_.size());
    rest_ += bytes.substr(0, take);
    bytes.remove_prefix(take);
    next_offset_ += take;
    const bool ended = !bytes.empty() && (bytes.front() == '\r' || bytes.front() == '\n');
    if (ended) {
      after_cr_ = bytes.front() == '\r';
      bytes.remove_prefix(1);
      ++next_offset_;
    } else if (rest_.size() < limit_ || bytes.empty()) {
      continue;  // a full line may be about to end: it is handed on with what comes next
    }
    on_line(rest_, rest_offset_);
    rest_.clear();
    rest_offset_ = next_offset_;
  }
}

void LineSplitter::jump_to(std::uint64_t offset) {
  next_offset_ = offset;
  if (rest_.empty()) rest_offset_ = offset;
}

void LineSplitter::restart_at(std::uint64_t offset) {
  rest_.clear();
  rest_offset_ = next_offset_ = offset;
  after_cr_ = false;
}

}  // namespace hilltop::boards
