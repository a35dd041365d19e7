// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "drivers/core/task.hpp"
#include "web/http/any_stream.hpp"
#include "web/ws/frame.hpp"

namespace hilltop::web {

/// What goes out on one WebSocket: frame after frame, each whole before the next begins. It holds the frame that is
/// being sent, one that a coroutine waits for, and one each of the control frames.
/// Thread: the stream's. What is being sent goes on when a coroutine that waits for it is canceled: half a frame would
/// make the rest unreadable.
class FrameLine : public std::enable_shared_from_this<FrameLine> {
 public:
  FrameLine(AnyStream stream, std::atomic<std::uint64_t>& bytes_sent);

  [[nodiscard]] bool is_idle() const { return !current_ && !next_ && !ended_; }
  /// Of frames that others share: see WebSocket.
  bool offer(FramePtr frame);
  [[nodiscard]] int direct_descriptor() const { return is_idle() && !closing_ ? stream_.plain_descriptor() : -1; }
  void sent_directly(FramePtr frame, std::int64_t sent);
  void when_idle(std::function<void()> idle) { idle_ = std::move(idle); }

  void ping();
  /// Answers a ping; a ping that was not yet answered need not be (RFC 6455 5.5.3).
  void pong(std::string_view data);
  /// Sends a close frame, once; data frames are not sent after it.
  void goodbye(std::string close_frame);
  /// Ends the connection.
  void drop();

  /// Sends a frame and waits until the kernel has all of it. One at a time. Errors: unavailable (infrastructure),
  /// canceled.
  static Task<> send(std::shared_ptr<FrameLine> line, FramePtr frame);
  /// Waits until all is sent that is on its way. Errors: timeout, unavailable (infrastructure).
  static Task<> flush(std::shared_ptr<FrameLine> line, Deadline deadline);

 private:
  void begin(FramePtr frame, std::size_t done);
  [[nodiscard]] FramePtr take_next();
  void go_on();
  void write_now();
  void write_later();
  void on_written(error_code ec, std::size_t bytes);

  AnyStream stream_;
  std::atomic<std::uint64_t>& bytes_sent_;
  FramePtr current_;
  std::size_t at_ = 0;
  FramePtr next_;
  std::string pong_, ping_, goodbye_;
  bool writing_ = false, closing_ = false, ended_ = false;
  std::function<void()> idle_;
  Event progress_;
};

}  // namespace hilltop::web
