// SPDX-License-Identifier: Apache-2.0
#include "drivers/fake/socket_line.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <optional>

namespace hilltop::drivers {

struct SocketLine::State : std::enable_shared_from_this<State> {
  explicit State(asio::any_io_executor ex) : executor(std::move(ex)) {}

  /// Reads and forgets; false when the line is closed.
  bool drain() {
    std::array<char, 4096> ignored{};
    for (;;) {
      const auto n = ::recv(board->native_handle(), ignored.data(), ignored.size(), MSG_DONTWAIT);
      if (n > 0) continue;
      return n < 0 && (errno == EAGAIN || errno == EINTR);
    }
  }

  void discard_from_now_on() {
    if (!board || powered) return;
    board->async_wait(asio::posix::stream_descriptor::wait_read,
                      [self = shared_from_this()](boost::system::error_code error) {
                        if (error || self->powered || !self->board) return;
                        if (self->drain()) self->discard_from_now_on();
                      });
  }

  asio::any_io_executor executor;
  int farm_end = -1;
  std::optional<asio::posix::stream_descriptor> board;
  bool powered = false;
};

SocketLine::SocketLine(asio::any_io_executor executor) : state_(std::make_shared<State>(std::move(executor))) {}
SocketLine::~SocketLine() { close(); }

Result<> SocketLine::make() {
  if (state_->farm_end >= 0) return ok();
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
    return system_error("socket pair", errno);
  state_->farm_end = ends[0];
  state_->board.emplace(state_->executor, ends[1]);
  state_->discard_from_now_on();
  return ok();
}

Task<int> SocketLine::open(Deadline) {
  HILLTOP_CO_CHECK(make());
  co_return state_->farm_end;
}

void SocketLine::close() {
  if (state_->farm_end < 0) return;
  ::close(state_->farm_end);
  state_->farm_end = -1;
  state_->board.reset();
}

int SocketLine::board_end() const { return state_->board ? state_->board->native_handle() : -1; }

bool SocketLine::typed() const {
  int unread = 0;
  return state_->board && ::ioctl(state_->board->native_handle(), FIONREAD, &unread) == 0 && unread > 0;
}

void SocketLine::power_on() {
  if (!state_->board) return;
  state_->powered = true;
  state_->board->cancel();
  state_->drain();
}

void SocketLine::power_off() {
  if (!state_->board || !state_->powered) return;
  state_->powered = false;
  state_->drain();
  state_->discard_from_now_on();
}

}  // namespace hilltop::drivers
