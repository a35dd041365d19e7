// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "boards/batch_sender.hpp"
#include "controller/worker/worker_link.hpp"
#include "drivers/core/task.hpp"
#include "web/http/websocket.hpp"
#include "web/ws/feed_window.hpp"

namespace hilltop::web {

/// One console for all who look at it on one I/O thread: read once, made into WebSocket frames once, and those sent to
/// every subscriber as they are.
///
/// A console that talks on and on is sent in frames of what came within the frame clock; what comes after a silence is
/// sent at once. Who does not take the frames as fast holds a place, not a queue: beside its socket's own buffer one
/// frame that is half sent. When its place has left the window it gets {"gap":{"from","to","bytes"}} and goes on with
/// the newest frame; what it missed is in the transcript.
/// Thread: its I/O thread.
class ConsoleFeed : public std::enable_shared_from_this<ConsoleFeed> {
 public:
  /// Live bytes from an offset on, as controller::ConsoleRead: UINT64_MAX is where the console stands now.
  using Read =
      std::function<Task<controller::WorkerReply>(std::uint64_t from, std::uint32_t max, std::uint32_t wait_ms)>;
  struct Options {
    std::chrono::nanoseconds frame_clock = std::chrono::milliseconds(16);
    std::uint32_t frame_bytes = 64 * 1024;  ///< of one frame, at most
    FeedWindow::Limits window = {};
  };
  /// One who looks on. `cursor`: of the first byte that it was not given yet.
  struct Subscriber {
    Subscriber(std::shared_ptr<WebSocket> s, std::uint64_t c) : socket(std::move(s)), cursor(c) {}
    std::shared_ptr<WebSocket> socket;
    std::uint64_t cursor;
  };
  using SubscriberPtr = std::shared_ptr<Subscriber>;

  ConsoleFeed(asio::any_io_executor io, Read read, std::shared_ptr<boards::BatchSender> sender, Options options);

  /// Begins to read.
  void start();
  /// Ends that; nobody is attached any more. Works after cancellation.
  static Task<> stop(std::shared_ptr<ConsoleFeed> feed);

  /// Waits until it is known where the console stands. Errors: those of the reading; canceled.
  static Task<> until_ready(std::shared_ptr<ConsoleFeed> feed);
  /// Offset after the last byte that was read.
  [[nodiscard]] std::uint64_t end() const { return end_; }
  /// Whether a subscriber at `cursor` would miss nothing.
  [[nodiscard]] bool covers(std::uint64_t cursor) const {
    return window_.covers(cursor) && (has_frames_ || cursor >= end_);
  }

  /// From `cursor` on. The feed writes to the socket until detach(); others may, too (WebSocket::write).
  SubscriberPtr attach(std::shared_ptr<WebSocket> socket, std::uint64_t cursor);
  void detach(const SubscriberPtr& subscriber);
  /// Waits for the end of the reading. Errors: what it ended with; canceled.
  static Task<> until_end(std::shared_ptr<ConsoleFeed> feed);

  [[nodiscard]] bool has_ended() const { return ended_.has_value(); }
  [[nodiscard]] std::size_t subscribers() const { return subscribers_.size(); }
  /// How many of them have not been given everything.
  [[nodiscard]] std::size_t behind() const;

 private:
  static Task<> follow(std::shared_ptr<ConsoleFeed> feed);
  static Task<> run(std::shared_ptr<ConsoleFeed> feed);
  void publish(std::uint64_t offset, std::string_view bytes);
  void send_to_all(const FeedFrame& frame);
  void advance(Subscriber& subscriber);

  const asio::any_io_executor io_;
  Read read_;
  const std::shared_ptr<boards::BatchSender> sender_;
  const Options options_;
  FeedWindow window_;
  bool ready_ = false, has_frames_ = false;
  std::uint64_t end_ = 0;
  std::vector<SubscriberPtr> subscribers_;
  std::vector<boards::BatchSender::Item> items_;
  std::vector<Subscriber*> direct_;  // whom items_ are for
  std::optional<Error> ended_;
  Event changed_;
  TaskScope scope_;
};
using ConsoleFeedPtr = std::shared_ptr<ConsoleFeed>;

/// The feeds of one I/O thread: each is there while somebody looks at its console.
/// Thread: its I/O thread.
class ConsoleFeeds {
 public:
  explicit ConsoleFeeds(asio::any_io_executor io) : io_(std::move(io)) {}
  using Key = std::pair<std::string, std::string>;  ///< board, console

  /// The feed of a console; `read` is how to read it where nobody does. Each join() has its leave().
  ConsoleFeedPtr join(const Key& key, ConsoleFeed::Read read);
  /// The last one ends the feed. Works after cancellation.
  static Task<> leave(std::shared_ptr<ConsoleFeeds> feeds, Key key, ConsoleFeedPtr feed);
  [[nodiscard]] std::size_t size() const { return feeds_.size(); }

 private:
  asio::any_io_executor io_;
  std::shared_ptr<boards::BatchSender> sender_;  // made by the thread that uses it
  std::map<Key, ConsoleFeedPtr> feeds_;
  std::map<const ConsoleFeed*, std::size_t> users_;
};

/// {"gap":{"from","to","bytes"}}
[[nodiscard]] std::string gap_text(std::uint64_t from, std::uint64_t to);

}  // namespace hilltop::web
