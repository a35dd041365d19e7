// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "drivers/core/task.hpp"

namespace hilltop {

/// One connected local socket: hands on what arrives, queues what is sent.
/// Thread: of its executor. Lifetime: no handler runs after close() or the destructor.
class SocketPipe {
 public:
  using OnBytes = std::function<void(std::string_view)>;
  using OnClosed = std::function<void()>;

  /// Takes `fd` over and starts reading.
  SocketPipe(asio::any_io_executor executor, int fd, OnBytes on_bytes, OnClosed on_closed);
  ~SocketPipe();
  SocketPipe(const SocketPipe&) = delete;
  SocketPipe& operator=(const SocketPipe&) = delete;

  /// Queues `bytes`. Dropped when the peer is gone: on_closed tells.
  void send(std::string bytes);
  void close();
  /// Waits until everything that was queued is handed to the system. Errors: unavailable when the pipe is closed or the
  /// peer gone; timeout, canceled.
  static Task<> drained(const SocketPipe& pipe, Deadline deadline) { return drained_state(pipe.state_, deadline); }

 private:
  struct State;
  static Task<> drained_state(std::shared_ptr<State> state, Deadline deadline);

  std::shared_ptr<State> state_;
};

}  // namespace hilltop
