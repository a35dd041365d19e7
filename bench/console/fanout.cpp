// SPDX-License-Identifier: Apache-2.0
// One console's bytes to many WebSocket subscribers over loopback: the daemon's way (one ConsoleFeed), Beast's
// broadcast and a bare send(), with the same payload and, unpaced, the same frames. Prints a line of JSON.
//   --mode feed|beast|send --subscribers N --frame BYTES --frames M [--rate BYTES_PER_SECOND]
// With --rate the board talks that fast: the feed makes a frame a tick of its clock, Beast writes each --frame bytes
// when they are there.
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <cerrno>
#include <memory>
#include <vector>

#include "bench/console/fanout.hpp"
#include "bench/console/support.hpp"

namespace hilltop::bench {
namespace {

namespace net = boost::asio;
using tcp = net::ip::tcp;
using Stream = boost::beast::websocket::stream<tcp::socket>;

std::vector<tcp::socket> accept_all(net::io_context& io, const FanOut& what, const Readers& readers) {
  tcp::acceptor acceptor(io, {net::ip::address_v4::loopback(), 0});
  acceptor.listen(4096);
  readers.come_to(acceptor.local_endpoint().port());
  std::vector<tcp::socket> sockets;
  for (std::size_t i = 0; i < what.subscribers; ++i) {
    sockets.push_back(acceptor.accept());
    sockets.back().set_option(tcp::no_delay(true));  // as the daemon has it
  }
  return sockets;
}

class Broadcast {
 public:
  Broadcast(net::io_context& io, std::vector<tcp::socket> sockets, const FanOut& what)
      : io_(io), timer_(io), what_(what), frame_(std::make_shared<const std::string>(what.frame_bytes, 'x')) {
    for (auto& socket : sockets) {
      streams_.push_back(std::make_unique<Stream>(std::move(socket)));
      streams_.back()->accept();
      streams_.back()->binary(true);
    }
  }
  void run() {
    begin_ = std::chrono::steady_clock::now();
    next();
    io_.run();
  }

 private:
  void next() {
    if (made_ == what_.frames) return;
    ++made_;
    if (what_.bytes_per_second == 0) return send();
    timer_.expires_at(begin_ +
                      std::chrono::nanoseconds(made_ * what_.frame_bytes * 1'000'000'000 / what_.bytes_per_second));
    timer_.async_wait([this](boost::system::error_code) { send(); });
  }
  void send() {
    waiting_ = streams_.size();
    for (auto& stream : streams_)
      stream->async_write(net::buffer(*frame_), [this, keep = frame_](boost::system::error_code error, std::size_t) {
        if (error) fail("write");
        if (--waiting_ == 0) next();
      });
  }

  net::io_context& io_;
  net::steady_timer timer_;
  const FanOut what_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::shared_ptr<const std::string> frame_;
  std::chrono::steady_clock::time_point begin_;
  std::uint64_t made_ = 0;
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

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
    if (n < 0 && errno != EAGAIN) fail("send");
    pollfd room{fd, POLLOUT, 0};
    if (n < 0) ::poll(&room, 1, -1);
  }
}

/// Runs `work` and says what it cost.
template <class Work>
FanOutResult measure(const FanOut& what, Work work) {
  FanOutResult out;
  out.frames = what.frames;
  const auto cpu = process_cpu();
  const auto begin = monotonic_ns();
  work();
  out.cpu_s = process_cpu() - cpu;
  out.wall_s = static_cast<double>(monotonic_ns() - begin) * 1e-9;
  return out;
}

}  // namespace

FanOutResult send_by_beast(const FanOut& what, const Readers& readers) {
  net::io_context io{1};
  Broadcast broadcast(io, accept_all(io, what, readers), what);
  return measure(what, [&] { broadcast.run(); });
}

FanOutResult send_plainly(const FanOut& what, const Readers& readers) {
  net::io_context io{1};
  auto sockets = accept_all(io, what, readers);
  const auto encoded = frame_header(what.frame_bytes) + std::string(what.frame_bytes, 'x');
  return measure(what, [&] {
    for (std::uint64_t frame = 0; frame < what.frames; ++frame)
      for (auto& socket : sockets) send_all(socket.native_handle(), encoded);
  });
}

namespace {

int run(const Arguments& arguments) {
  FanOut what;
  what.subscribers = arguments.number("subscribers", 100);
  what.frame_bytes = arguments.number("frame", 1024);
  what.frames = arguments.number("frames", 1000);
  what.bytes_per_second = arguments.number("rate", 0);
  const auto mode = arguments.text("mode");
  const Readers readers(what, mode != "send");
  const auto got = mode == "feed"    ? send_by_feed(what, readers)
                   : mode == "beast" ? send_by_beast(what, readers)
                                     : send_plainly(what, readers);
  const bool exact = readers.ended_well();
  const auto delivered = static_cast<double>(what.subscribers * what.bytes());
  say(nlohmann::json({{"cpu_s", got.cpu_s},
                      {"wall_s", got.wall_s},
                      {"frames", got.frames},
                      {"exact", exact},
                      {"deliveries_per_core_s", static_cast<double>(what.subscribers * got.frames) / got.cpu_s},
                      {"us_per_delivery", got.cpu_s * 1e6 / static_cast<double>(what.subscribers * got.frames)},
                      {"payload_mb_per_core_s", delivered * 1e-6 / got.cpu_s}})
          .dump());
  return exact ? 0 : 1;
}

}  // namespace
}  // namespace hilltop::bench

int main(int argc, char** argv) { return hilltop::bench::run(hilltop::bench::Arguments(argc, argv)); }
