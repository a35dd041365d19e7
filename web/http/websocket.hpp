// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "drivers/core/task.hpp"
#include "web/ws/frame.hpp"

namespace hilltop::web {

/// The server's end of a WebSocket connection. Pings are sent after 15 s of silence, and a client that does not answer
/// within 15 s more is dropped. Incoming messages are at most 64 KiB.
/// What goes out is whole frames, one after the other: pongs and goodbyes stand between them, never within. Of what
/// the kernel does not take at once, one frame and the control frames are held.
/// Thread: one I/O thread; at most one read() and one write() or close() at a time.
class WebSocket {
 public:
  struct Message {
    std::string data;
    bool binary = false;
  };
  virtual ~WebSocket() = default;

  /// Errors: unavailable (infrastructure) when the client has closed or is gone; canceled.
  virtual Task<Message> read() = 0;
  /// Resumes when the message has been handed to the kernel: a slow client slows its own stream down, nothing queues.
  virtual Task<> write(std::string data, bool binary) = 0;
  /// Says goodbye with a reason (cut to what a close frame holds) and waits for the answer, at most 2 s. Works after
  /// cancellation.
  virtual Task<> close(std::string reason) = 0;
  /// Ends the connection at once: a read() that waits fails.
  virtual void drop() = 0;

  // Frames that many connections share.

  /// Whether nothing is on its way: offer() takes the next frame.
  [[nodiscard]] virtual bool is_idle() const = 0;
  /// Sends `frame` as it is: now, without waiting, as much as the kernel takes; the rest follows by itself. False, and
  /// nothing is sent, when the line is not idle or the connection is over.
  virtual bool offer(FramePtr frame) = 0;
  /// The socket, where the bytes of an idle line may be written to it directly; else -1 (TLS, busy, over).
  [[nodiscard]] virtual int direct_descriptor() const = 0;
  /// Somebody has written the first `sent` bytes of `frame` to direct_descriptor(), or found a lasting error (an errno,
  /// negative). The rest follows as with offer().
  virtual void sent_directly(FramePtr frame, std::int64_t sent) = 0;
  /// Called whenever the line has become idle after it was not, until replaced; with {} nothing is called.
  virtual void when_idle(std::function<void()> idle) = 0;
};

}  // namespace hilltop::web
