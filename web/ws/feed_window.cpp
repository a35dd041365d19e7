// SPDX-License-Identifier: Apache-2.0
#include "web/ws/feed_window.hpp"

#include <algorithm>

namespace hilltop::web {

void FeedWindow::push(FeedFrame frame) {
  const auto oldest = frame.made - limits_.age;
  const auto end = frame.end;
  frames_.push_back(std::move(frame));
  while (frames_.size() > 1 && (frames_.front().made < oldest || end - frames_.front().offset > limits_.bytes))
    frames_.pop_front();
}

const FeedFrame* FeedWindow::next(std::uint64_t cursor) const {
  if (frames_.empty() || cursor >= frames_.back().end) return nullptr;
  if (cursor < frames_.front().offset || cursor >= frames_.back().offset) return &frames_.back();
  return &*std::ranges::upper_bound(frames_, cursor, {}, &FeedFrame::end);
}

}  // namespace hilltop::web
