// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/stream_socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>

#include "drivers/core/socket_wait.hpp"

namespace hilltop {
namespace {

using asio::ip::tcp;

// A server that lost its power says nothing: asked after 10 s of silence, and given up after four questions.
// Source: tcp(7).
constexpr int idle_seconds = 10;
constexpr int seconds_between = 5;
constexpr int questions = 4;
constexpr unsigned unanswered_ms = 30'000;

Error connect_error(const StreamAddress& address, int code) {
  auto error = system_error(address.to_string(), code);
  if (code == ENOENT || code == ENOTDIR) error.code = Errc::not_found;
  if (code == EACCES || code == EPERM) error.code = Errc::denied;
  if (code == ECONNREFUSED || code == ENETUNREACH || code == EHOSTUNREACH || code == ETIMEDOUT || code == EAGAIN)
    error.code = Errc::unavailable;
  return error;
}

void watch_peer(int fd) {
  const auto set = [fd](int level, int option, auto value) { ::setsockopt(fd, level, option, &value, sizeof value); };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, idle_seconds);
  set(IPPROTO_TCP, TCP_KEEPINTVL, seconds_between);
  set(IPPROTO_TCP, TCP_KEEPCNT, questions);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, unanswered_ms);
}

Task<tcp::resolver::results_type> resolve(StreamAddress address, Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  const auto resolver = std::make_shared<tcp::resolver>(executor);
  asio::steady_timer timer(executor);
  timer.expires_at(deadline.when());
  timer.async_wait([resolver](boost::system::error_code error) {
    if (!error) resolver->cancel();
  });
  boost::system::error_code error;
  auto found = co_await resolver->async_resolve(address.host, std::to_string(address.port),
                                                asio::redirect_error(asio::use_awaitable, error));
  if (co_await is_canceled()) co_return canceled_error("connect");
  if (error && deadline.passed())
    co_return Error(Errc::timeout, Blame::infrastructure, address.to_string() + ": its name is not resolved in time");
  if (error) co_return Error(Errc::not_found, Blame::infrastructure, address.to_string() + ": " + error.message());
  co_return found;
}

Task<int> connect_tcp(StreamAddress address, tcp::endpoint endpoint, Deadline deadline) {
  tcp::socket socket(co_await asio::this_coro::executor);
  boost::system::error_code error;
  socket.open(endpoint.protocol(), error);
  if (!error) socket.non_blocking(true, error);
  if (error) co_return connect_error(address, error.value());
  watch_peer(socket.native_handle());
  if (::connect(socket.native_handle(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0) {
    if (errno != EINPROGRESS) co_return connect_error(address, errno);
    if (auto ready = co_await wait_writable(socket, deadline); !ready) {
      if (ready.error().code == Errc::unavailable) co_return connect_error(address, ECONNREFUSED);
      co_return std::move(ready).error().within(address.to_string());
    }
    int code = 0;
    socklen_t size = sizeof code;
    ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_ERROR, &code, &size);
    if (code != 0) co_return connect_error(address, code);
  }
  const int fd = socket.release(error);
  if (error) co_return connect_error(address, error.value());
  co_return fd;
}

Result<int> connect_unix(const StreamAddress& address) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (address.path.size() >= sizeof to.sun_path)
    return Error(Errc::bad_input, Blame::configuration, address.path + ": a socket's path has at most 107 characters");
  std::memcpy(to.sun_path, address.path.data(), address.path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return system_error("socket", errno);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return fd;
  const int code = errno;
  ::close(fd);
  return connect_error(address, code);
}

}  // namespace

std::string StreamAddress::to_string() const {
  if (!path.empty()) return path;
  return (host.contains(':') ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Task<int> connect_stream(StreamAddress address, Deadline deadline) {
  if (co_await is_canceled()) co_return canceled_error("connect");
  if (!address.path.empty()) co_return connect_unix(address);
  HILLTOP_CO_TRY(const auto endpoints, co_await resolve(address, deadline));
  Result<int> connected = Error(Errc::not_found, Blame::infrastructure, address.to_string() + ": has no address");
  for (const auto& entry : endpoints) {
    connected = co_await connect_tcp(address, entry.endpoint(), deadline);
    if (connected || connected.error().code == Errc::canceled || deadline.passed()) break;
  }
  co_return connected;
}

}  // namespace hilltop
