// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "bench/console/fanout.hpp"
#include "bench/console/support.hpp"

namespace hilltop::bench {
namespace {

constexpr std::string_view upgrade =
    "GET / HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: aGlsbHRvcC1iZW5jaC0wMA==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Counts the payload of what one subscriber gets: whole binary frames, nothing else.
class Tally {
 public:
  explicit Tally(bool handshake) : in_head_(handshake) {}
  void take(std::string_view bytes) {
    while (!bytes.empty() && !wrong_) {
      if (in_head_) {
        take_head(bytes);
      } else if (left_ > 0) {
        const auto n = std::min<std::uint64_t>(left_, bytes.size());
        payload_ += n;
        left_ -= n;
        bytes.remove_prefix(static_cast<std::size_t>(n));
      } else {
        take_header(bytes);
      }
    }
  }
  [[nodiscard]] bool has(std::uint64_t payload) const { return !wrong_ && left_ == 0 && payload_ == payload; }

 private:
  void take_head(std::string_view& bytes) {
    head_ += bytes;
    const auto end = head_.find("\r\n\r\n");
    bytes.remove_prefix(bytes.size() - (end == std::string::npos ? 0 : head_.size() - end - 4));
    in_head_ = end == std::string::npos;
    if (!in_head_) head_.clear();
  }
  void take_header(std::string_view& bytes) {
    while (!bytes.empty()) {
      head_ += bytes.front();
      bytes.remove_prefix(1);
      if (head_.size() < 2) continue;
      const auto length = static_cast<unsigned char>(head_[1]);
      const std::size_t octets = length == 126 ? 2 : length == 127 ? 8 : 0;
      if (head_.size() < 2 + octets) continue;
      wrong_ = head_[0] == '\x88' ? !(ended_ = true) : head_[0] != '\x82';
      left_ = octets == 0 ? length : 0;
      for (std::size_t i = 0; i < octets; ++i) left_ = left_ << 8 | static_cast<unsigned char>(head_[2 + i]);
      head_.clear();
      if (ended_) payload_ -= left_;  // a goodbye is no payload
      return;
    }
  }
  bool in_head_, wrong_ = false, ended_ = false;
  std::string head_;
  std::uint64_t left_ = 0, payload_ = 0;
};

int connect_to(std::uint16_t port, bool handshake) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) fail("connect");
  if (handshake && ::send(fd, upgrade.data(), upgrade.size(), 0) < 0) fail("send");
  return fd;
}

/// Value: whether each got all.
bool read_all(std::uint16_t port, const FanOut& what, bool handshake) {
  const int poll = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<Tally> tallies(what.subscribers, Tally(handshake));
  std::vector<int> sockets;
  for (std::size_t i = 0; i < what.subscribers; ++i) {
    sockets.push_back(connect_to(port, handshake));
    epoll_event event{EPOLLIN, {.u64 = i}};
    ::epoll_ctl(poll, EPOLL_CTL_ADD, sockets.back(), &event);
  }
  std::string buffer(1 << 20, '\0');
  std::vector<epoll_event> events(256);
  bool exact = true;
  for (std::size_t left = what.subscribers; left > 0;) {
    const int n = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), -1);
    for (int e = 0; e < n; ++e) {
      const auto which = events[static_cast<std::size_t>(e)].data.u64;
      const auto got = ::read(sockets[which], buffer.data(), buffer.size());
      if (got > 0) {
        tallies[which].take(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
        continue;
      }
      ::close(sockets[which]);
      exact = exact && tallies[which].has(what.bytes());
      --left;
    }
  }
  return exact;
}

}  // namespace

Readers::Readers(const FanOut& what, bool handshake) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail("pipe");
  child_ = ::fork();
  if (child_ < 0) fail("fork");
  port_pipe_ = ends[1];
  if (child_ > 0) {
    ::close(ends[0]);
    return;
  }
  ::close(ends[1]);
  std::uint16_t port = 0;
  if (::read(ends[0], &port, sizeof port) != sizeof port) ::_exit(2);
  ::_exit(read_all(port, what, handshake) ? 0 : 1);
}

void Readers::come_to(std::uint16_t port) const {
  if (::write(port_pipe_, &port, sizeof port) != sizeof port) fail("pipe");
}

bool Readers::ended_well() const {
  int status = 0;
  ::close(port_pipe_);
  ::waitpid(child_, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace hilltop::bench
