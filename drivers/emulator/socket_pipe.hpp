// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "drivers/core/result.hpp"

namespace hilltop::drivers {

/// One connected local socket: hands on what arrives, queues what is sent.
/// Thread: of its executor. Lifetime: no handler runs after close() or the destructor.
class SocketPipe {
 public:
  using OnBytes = std::function<void(std::string_view)>;
  using OnClosed = std::function<void()>;

  /// Takes `fd` over and starts reading.
  SocketPipe(boost::asio::any_io_executor executor, int fd, OnBytes on_bytes, OnClosed on_closed);
  ~SocketPipe();
  SocketPipe(const SocketPipe&) = delete;
  SocketPipe& operator=(const SocketPipe&) = delete;

  /// Queues `bytes`. Dropped when the peer is gone: on_closed tells.
  void send(std::string bytes);
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace hilltop::drivers
