// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/socket_wait.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hilltop {
namespace {

/// The timer's handler may come after the coroutine has ended: what it touches is behind `over`.
struct Watch {
  bool late = false;
  bool over = false;
};

template <class Socket>
Task<> wait_for(Socket& socket, typename Socket::wait_type what, Deadline deadline) {
  if (co_await is_canceled()) co_return canceled_error("network");
  if (!socket.is_open()) co_return Error(Errc::unavailable, Blame::infrastructure, "the socket was closed");
  auto watch = std::make_shared<Watch>();
  asio::steady_timer timer(socket.get_executor());
  if (!deadline.is_never()) {
    timer.expires_at(deadline.when());
    timer.async_wait([watch, &socket](boost::system::error_code error) {
      if (error || watch->over) return;
      watch->late = true;
      boost::system::error_code ignored;
      socket.cancel(ignored);
    });
  }
  boost::system::error_code error;
  co_await socket.async_wait(what, asio::redirect_error(asio::use_awaitable, error));
  watch->over = true;
  if (co_await is_canceled()) co_return canceled_error("network");
  if (watch->late && error) co_return Error(Errc::timeout, Blame::infrastructure, "time is over");
  if (error) co_return Error(Errc::unavailable, Blame::infrastructure, "network: " + error.message());
  co_return ok();
}

}  // namespace

Task<> wait_readable(asio::ip::udp::socket& socket, Deadline deadline) {
  return wait_for(socket, asio::socket_base::wait_read, deadline);
}
Task<> wait_readable(asio::local::datagram_protocol::socket& socket, Deadline deadline) {
  return wait_for(socket, asio::socket_base::wait_read, deadline);
}
Task<> wait_readable(asio::ip::tcp::socket& socket, Deadline deadline) {
  return wait_for(socket, asio::socket_base::wait_read, deadline);
}
Task<> wait_readable(asio::ip::tcp::acceptor& acceptor, Deadline deadline) {
  return wait_for(acceptor, asio::socket_base::wait_read, deadline);
}
Task<> wait_writable(asio::ip::tcp::socket& socket, Deadline deadline) {
  return wait_for(socket, asio::socket_base::wait_write, deadline);
}
Task<> wait_writable(asio::local::datagram_protocol::socket& socket, Deadline deadline) {
  return wait_for(socket, asio::socket_base::wait_write, deadline);
}

}  // namespace hilltop
