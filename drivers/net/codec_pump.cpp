// SPDX-License-Identifier: Apache-2.0
#include "drivers/net/codec_pump.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

namespace hilltop::drivers {
namespace {

constexpr std::size_t most_bytes = 64 * 1024;

void close_fd(int& fd) {
  if (fd >= 0) ::close(std::exchange(fd, -1));
}

/// Bytes, 0 at the end, -1 for nothing now.
ssize_t read_some(int fd, std::string& buffer) {
  buffer.resize(most_bytes);
  ssize_t n = 0;
  do {
    n = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  if (n < 0 && errno != EAGAIN) n = 0;  // broken, which is an end
  buffer.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return n;
}

}  // namespace

CodecPump::CodecPump(std::unique_ptr<LineCodec> codec, OnHeard on_heard)
    : codec_(std::move(codec)), on_heard_(std::move(on_heard)) {}

Result<std::unique_ptr<CodecPump>> CodecPump::start(int wire, std::unique_ptr<LineCodec> codec, OnHeard on_heard) {
  std::unique_ptr<CodecPump> out(new CodecPump(std::move(codec), std::move(on_heard)));
  HILLTOP_CHECK(out->open(wire));
  out->thread_ = std::thread([pump = out.get()] { pump->run(); });
  return out;
}

Result<> CodecPump::open(int wire) {
  wire_ = wire;
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
    return system_error("socket pair", errno);
  line_ = ends[0];
  console_ = ends[1];
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_ < 0) return system_error("eventfd", errno);
  return ok();
}

CodecPump::~CodecPump() {
  if (thread_.joinable()) {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake();
    thread_.join();
  }
  for (int* fd : {&wire_, &line_, &console_, &wake_}) close_fd(*fd);
}

void CodecPump::wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = ::write(wake_, &one, sizeof one);
}

void CodecPump::with(std::function<void(LineCodec&)> work) {
  {
    const std::lock_guard lock(mutex_);
    work_.push_back(std::move(work));
  }
  wake();
}

void CodecPump::run() {
  for (;;) {
    run_work();
    take_output();
    // Its last bytes before its end.
    if (wire_ended_ && to_line_.empty()) break;
    if (line_ended_ || !wait()) break;
  }
  close_fd(wire_);
  close_fd(line_);
}

void CodecPump::run_work() {
  std::vector<std::function<void(LineCodec&)>> work;
  {
    const std::lock_guard lock(mutex_);
    work.swap(work_);
  }
  for (const auto& one : work) one(*codec_);
}

/// How long the peer may still take to say how it wants to be spoken to, in ms; -1: it need not say anything.
int CodecPump::patience() const {
  if (!codec_->settling() || settled_by_.passed()) return -1;
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(settled_by_.left()).count());
}

/// Waits for something to do, and does it. False to stop.
bool CodecPump::wait() {
  std::array<pollfd, 3> fds{pollfd{wake_, POLLIN, 0}, pollfd{line_, 0, 0}, pollfd{wire_, 0, 0}};
  const int settles_in = patience();
  if (to_wire_.size() < most_bytes && !codec_->suspended() && settles_in < 0) fds[1].events |= POLLIN;
  if (!to_line_.empty()) fds[1].events |= POLLOUT;
  if (to_line_.empty() && !wire_ended_) fds[2].events |= POLLIN;
  if (!to_wire_.empty() && !wire_ended_) fds[2].events |= POLLOUT;
  if (fds[1].events == 0) fds[1].fd = -1;  // else its hanging up would wake us again and again
  if (fds[2].events == 0) fds[2].fd = -1;
  if (::poll(fds.data(), fds.size(), settles_in) < 0) return errno == EINTR;
  if (fds[0].revents != 0) {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto n = ::read(wake_, &count, sizeof count);
    const std::lock_guard lock(mutex_);
    if (stop_) return false;
  }
  if ((fds[1].events & POLLIN) != 0 && fds[1].revents != 0) read_line();
  if ((fds[2].events & POLLIN) != 0 && fds[2].revents != 0) read_wire();
  if (!to_line_.empty() && !write_some(line_, to_line_)) line_ended_ = true;
  take_output();
  if (!to_wire_.empty() && !wire_ended_ && !write_some(wire_, to_wire_)) to_wire_.clear();  // reading tells of the end
  return true;
}

void CodecPump::read_wire() {
  const auto n = read_some(wire_, buffer_);
  wire_ended_ = n == 0;
  if (n <= 0) return;
  to_line_.append(buffer_, 0, codec_->receive(buffer_));
  if (on_heard_) on_heard_(*codec_);
}

void CodecPump::read_line() {
  const auto n = read_some(line_, buffer_);
  if (n == 0) line_ended_ = true;
  if (n <= 0) return;
  take_output();
  codec_->send(buffer_, to_wire_);
}

void CodecPump::take_output() { to_wire_ += codec_->take_output(); }

/// False when nobody will ever take them.
bool CodecPump::write_some(int fd, std::string& bytes) {
  const auto n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  bytes.erase(0, static_cast<std::size_t>(n));
  return true;
}

}  // namespace hilltop::drivers
