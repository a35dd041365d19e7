// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "drivers/core/task.hpp"

namespace hilltop::web {

/// The server's end of a WebSocket connection. Pings are sent after 15 s of silence, and a client that does not answer
/// within 15 s more is dropped. Incoming messages are at most 64 KiB.
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
};

}  // namespace hilltop::web
