// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string_view>

#include "web/ws/frame.hpp"

namespace hilltop::web {

/// A piece of a console as it goes over the wire.
struct FeedFrame {
  using Clock = std::chrono::steady_clock;
  std::uint64_t offset = 0, end = 0;  ///< of its bytes in the console
  Clock::time_point made;
  FramePtr wire;

  [[nodiscard]] std::string_view bytes() const {
    return std::string_view(*wire).substr(wire->size() - static_cast<std::size_t>(end - offset));
  }
};

/// The latest frames of a console: for those that have not sent all of them yet.
class FeedWindow {
 public:
  struct Limits {
    std::uint64_t bytes = 1 << 20;
    std::chrono::nanoseconds age = std::chrono::seconds(2);
  };
  explicit FeedWindow(Limits limits) : limits_(limits) {}

  /// Offsets only grow; a frame may begin after the end of the one before. The newest one always stays.
  void push(FeedFrame frame);
  /// The frame with the byte at `cursor`, or the next one where that byte was never there. Where it was and is not kept
  /// any more, the newest. nullptr: nothing from there on yet.
  [[nodiscard]] const FeedFrame* next(std::uint64_t cursor) const;
  /// Whether no byte from here on is missing in the window.
  [[nodiscard]] bool covers(std::uint64_t cursor) const { return frames_.empty() || cursor >= frames_.front().offset; }

 private:
  Limits limits_;
  std::deque<FeedFrame> frames_;
};

}  // namespace hilltop::web
