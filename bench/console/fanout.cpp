// SPDX-License-Identifier: Apache-2.0
// One console's frames to many WebSocket subscribers over loopback: Beast's broadcast (async_write on each stream, one
// shared buffer), and a frame that is encoded once and sent as it is on each socket. A child process reads it all; its
// time is not counted. Prints a line of JSON.
//   --mode beast|encoded-once --subscribers N --frame BYTES --frames M
#include <arpa/inet.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <cerrno>
#include <memory>

#include "bench/console/support.hpp"

namespace hilltop::bench {
namespace {

namespace net = boost::asio;
using tcp = net::ip::tcp;
using Stream = boost::beast::websocket::stream<tcp::socket>;

constexpr std::string_view upgrade =
    "GET / HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: aGlsbHRvcC1iZW5jaC0wMA==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// The child: connects, asks for a WebSocket where `handshake`, and reads until every connection is closed.
[[noreturn]] void read_all(std::uint16_t port, std::size_t subscribers, bool handshake) {
  const int poll = ::epoll_create1(EPOLL_CLOEXEC);
  for (std::size_t i = 0; i < subscribers; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) fail("connect");
    if (handshake && ::send(fd, upgrade.data(), upgrade.size(), 0) < 0) fail("send");
    epoll_event event{EPOLLIN, {.fd = fd}};
    ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
  }
  std::vector<char> buffer(1 << 20);
  std::vector<epoll_event> events(256);
  while (subscribers > 0) {
    const int n = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), -1);
    for (int e = 0; e < n; ++e) {
      const int fd = events[static_cast<std::size_t>(e)].data.fd;
      if (::read(fd, buffer.data(), buffer.size()) > 0) continue;
      ::close(fd);
      --subscribers;
    }
  }
  ::_exit(0);
}

/// Beast: a composed operation for each delivery.
class Broadcast {
 public:
  Broadcast(net::io_context& io, std::vector<tcp::socket> sockets, std::string frame, std::size_t frames)
      : io_(io), frame_(std::make_shared<const std::string>(std::move(frame))), left_(frames) {
    for (auto& socket : sockets) {
      streams_.push_back(std::make_unique<Stream>(std::move(socket)));
      streams_.back()->accept();
      streams_.back()->binary(true);
    }
  }
  void run() {
    next();
    io_.run();
  }

 private:
  void next() {
    if (left_-- == 0) return;
    waiting_ = streams_.size();
    for (auto& stream : streams_)
      stream->async_write(net::buffer(*frame_), [this, keep = frame_](boost::system::error_code error, std::size_t) {
        if (error) fail("write");
        if (--waiting_ == 0) next();
      });
  }

  net::io_context& io_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::shared_ptr<const std::string> frame_;
  std::size_t left_;
  std::size_t waiting_ = 0;
};

/// The header of an unmasked binary frame. Source: RFC 6455 5.2.
std::string frame_header(std::size_t bytes) {
  std::string out = "\x82";
  if (bytes < 126) return out + static_cast<char>(bytes);
  const int octets = bytes < 65536 ? 2 : 8;
  out += static_cast<char>(octets == 2 ? 126 : 127);
  for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) out += static_cast<char>(bytes >> shift & 255);
  return out;
}

void send_encoded(const std::vector<tcp::socket>& sockets, const std::string& encoded, std::size_t frames) {
  for (std::size_t frame = 0; frame < frames; ++frame) {
    for (const auto& socket : sockets) {
      const int fd = const_cast<tcp::socket&>(socket).native_handle();
      for (std::size_t sent = 0; sent < encoded.size();) {
        const auto n = ::send(fd, encoded.data() + sent, encoded.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) sent += static_cast<std::size_t>(n);
        if (n < 0 && errno != EAGAIN) fail("send");
        pollfd room{fd, POLLOUT, 0};
        if (n < 0) ::poll(&room, 1, -1);
      }
    }
  }
}

int run(const Arguments& arguments) {
  const auto subscribers = arguments.number("subscribers", 100);
  const auto frames = arguments.number("frames", 1000);
  const bool beast = arguments.text("mode") == "beast";
  net::io_context io{1};
  tcp::acceptor acceptor(io, {net::ip::address_v4::loopback(), 0});
  acceptor.listen(4096);
  const auto port = acceptor.local_endpoint().port();
  const auto child = ::fork();
  if (child == 0) read_all(port, subscribers, beast);
  std::vector<tcp::socket> sockets;
  for (std::size_t i = 0; i < subscribers; ++i) sockets.push_back(acceptor.accept());
  const std::string frame(arguments.number("frame", 1024), 'x');
  double cpu = 0;
  std::uint64_t begin = 0;
  if (beast) {
    Broadcast broadcast(io, std::move(sockets), frame, frames);
    cpu = process_cpu();
    begin = monotonic_ns();
    broadcast.run();
    cpu = process_cpu() - cpu;
  } else {
    const auto encoded = frame_header(frame.size()) + frame;
    cpu = process_cpu();
    begin = monotonic_ns();
    send_encoded(sockets, encoded, frames);
    cpu = process_cpu() - cpu;
    sockets.clear();
  }
  const auto wall = static_cast<double>(monotonic_ns() - begin) * 1e-9;
  int status = 0;
  ::waitpid(child, &status, 0);
  const auto deliveries = static_cast<double>(subscribers * frames);
  say(nlohmann::json({{"cpu_s", cpu}, {"wall_s", wall}, {"deliveries_per_core_s", deliveries / cpu}}).dump());
  return status;
}

}  // namespace
}  // namespace hilltop::bench

int main(int argc, char** argv) { return hilltop::bench::run(hilltop::bench::Arguments(argc, argv)); }
