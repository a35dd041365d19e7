// SPDX-License-Identifier: Apache-2.0
#include "drivers/power/unit/wire.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

namespace hilltop::drivers::unit {
namespace {

using Descriptor = asio::posix::stream_descriptor;

constexpr std::size_t read_bytes = 16 * 1024;

/// The timer's handler may come after the coroutine has ended: what it touches is behind `over`.
struct Watch {
  bool late = false;
  bool over = false;
};

struct Line {
  Line(asio::any_io_executor executor, int fd) : descriptor(std::move(executor), fd) {}
  Descriptor descriptor;
};

Task<> wait_for(std::shared_ptr<Line> line, Descriptor::wait_type what, Deadline deadline) {
  if (co_await is_canceled()) co_return canceled_error("power unit");
  auto watch = std::make_shared<Watch>();
  asio::steady_timer timer(line->descriptor.get_executor());
  if (!deadline.is_never()) {
    timer.expires_at(deadline.when());
    timer.async_wait([watch, line](boost::system::error_code error) {
      if (error || watch->over) return;
      watch->late = true;
      boost::system::error_code ignored;
      line->descriptor.cancel(ignored);
    });
  }
  boost::system::error_code error;
  co_await line->descriptor.async_wait(what, asio::redirect_error(asio::use_awaitable, error));
  watch->over = true;
  if (co_await is_canceled()) co_return canceled_error("power unit");
  if (watch->late && error) co_return Error(Errc::timeout, Blame::infrastructure, "time is over");
  if (error) co_return Error(Errc::unavailable, Blame::infrastructure, error.message());
  co_return ok();
}

Error gone(int code) {
  auto out = system_error("the connection", code);
  out.code = Errc::unavailable;
  return out;
}

Task<> write_all(std::shared_ptr<Line> line, std::string bytes, Deadline deadline) {
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const auto n = ::write(line->descriptor.native_handle(), rest.data(), rest.size());
    if (n > 0) {
      rest.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      HILLTOP_CO_CHECK(co_await wait_for(line, Descriptor::wait_write, deadline));
    } else if (errno != EINTR) {
      co_return gone(errno);
    }
  }
  co_return ok();
}

Task<std::string> read_some(std::shared_ptr<Line> line, Deadline deadline) {
  std::array<char, read_bytes> buffer{};
  for (;;) {
    const auto n = ::read(line->descriptor.native_handle(), buffer.data(), buffer.size());
    if (n >= 0) co_return std::string(buffer.data(), static_cast<std::size_t>(n));
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      HILLTOP_CO_CHECK(co_await wait_for(line, Descriptor::wait_read, deadline));
    } else if (errno != EINTR) {
      co_return gone(errno);
    }
  }
}

class FdWire final : public Wire {
 public:
  FdWire(asio::any_io_executor executor, int fd) : line_(std::make_shared<Line>(std::move(executor), fd)) {}
  Task<> write(std::string bytes, Deadline deadline) override { return write_all(line_, std::move(bytes), deadline); }
  Task<std::string> read(Deadline deadline) override { return read_some(line_, deadline); }

 private:
  std::shared_ptr<Line> line_;
};

struct Speed {
  std::uint32_t baud;
  speed_t code;
};
constexpr Speed speeds[] = {{300, B300},     {1200, B1200},   {2400, B2400},   {4800, B4800},     {9600, B9600},
                            {19200, B19200}, {38400, B38400}, {57600, B57600}, {115200, B115200}, {230400, B230400}};

/// Source: termios(3).
Result<> prepare(int fd, const std::string& path, std::uint32_t baud) {
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0)
    return Error(Errc::busy, Blame::infrastructure, path + " is in use by another program");
  termios line{};
  if (::tcgetattr(fd, &line) != 0) return system_error(path, errno);
  ::cfmakeraw(&line);
  line.c_cflag |= CLOCAL | CREAD;
  line.c_cflag &= ~static_cast<tcflag_t>(CSTOPB | CRTSCTS);
  line.c_cc[VMIN] = 1;
  line.c_cc[VTIME] = 0;
  for (const auto& speed : speeds)
    if (speed.baud == baud) ::cfsetspeed(&line, speed.code);
  if (::tcsetattr(fd, TCSANOW, &line) != 0) return system_error(path, errno);
  ::tcflush(fd, TCIOFLUSH);  // what it said before it was asked is no answer
  return ok();
}

}  // namespace

Task<WirePtr> open_tcp(StreamAddress address, Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  HILLTOP_CO_TRY(const int fd, co_await connect_stream(std::move(address), deadline));
  co_return WirePtr(std::make_shared<FdWire>(executor, fd));
}

Task<WirePtr> open_tty(std::string path, std::uint32_t baud) {
  const auto executor = co_await asio::this_coro::executor;
  const int fd = ::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    auto error = system_error(path, errno);
    if (errno == ENOENT || errno == ENXIO || errno == ENODEV) error.code = Errc::unavailable;
    if (errno == EACCES) error.code = Errc::denied;
    co_return error;
  }
  auto wire = std::make_shared<FdWire>(executor, fd);
  HILLTOP_CO_CHECK(prepare(fd, path, baud));
  co_return WirePtr(std::move(wire));
}

}  // namespace hilltop::drivers::unit
