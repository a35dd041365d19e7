// SPDX-License-Identifier: Apache-2.0
#include "drivers/serial/tty_stream.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <filesystem>

#include "drivers/core/log.hpp"
#include "drivers/serial/line_options.hpp"

namespace hilltop::drivers {
namespace {

struct Speed {
  std::uint32_t baud;
  speed_t code;
};
constexpr Speed speeds[] = {{1200, B1200},       {2400, B2400},       {4800, B4800},       {9600, B9600},
                            {19200, B19200},     {38400, B38400},     {57600, B57600},     {115200, B115200},
                            {230400, B230400},   {460800, B460800},   {500000, B500000},   {576000, B576000},
                            {921600, B921600},   {1000000, B1000000}, {1152000, B1152000}, {1500000, B1500000},
                            {2000000, B2000000}, {2500000, B2500000}, {3000000, B3000000}, {4000000, B4000000}};

Error open_error(const std::string& path, int code) {
  auto error = system_error(path, code);
  if (code == ENOENT || code == ENODEV || code == ENXIO) error.code = Errc::not_found;
  if (code == EBUSY) error.code = Errc::busy;
  if (code == EACCES || code == EPERM) error.code = Errc::denied;
  return error;
}

tcflag_t size_flag(std::uint8_t data_bits) {
  constexpr tcflag_t flags[] = {CS5, CS6, CS7, CS8};
  return flags[std::clamp<int>(data_bits, 5, 8) - 5];
}

tcflag_t parity_flags(Parity parity) {
  switch (parity) {
    case Parity::none:
      return 0;
    case Parity::even:
      return PARENB;
    case Parity::odd:
      return PARENB | PARODD;
    case Parity::space:
      return PARENB | CMSPAR;
    case Parity::mark:
      return PARENB | PARODD | CMSPAR;
  }
  return 0;
}

constexpr tcflag_t line_flags = CSIZE | PARENB | PARODD | CMSPAR | CSTOPB | CRTSCTS;

/// Raw, modem lines ignored; DTR stays as it is at close, for it resets some boards.
termios line_of(termios line, const LineSettings& settings, speed_t speed) {
  ::cfmakeraw(&line);
  line.c_cflag |= CLOCAL | CREAD;
  line.c_cflag &= ~(line_flags | static_cast<tcflag_t>(HUPCL));
  line.c_cflag |= size_flag(settings.data_bits) | parity_flags(settings.parity);
  if (settings.stop_bits != StopBits::one) line.c_cflag |= CSTOPB;
  if (settings.flow == Flow::hardware) line.c_cflag |= CRTSCTS;
  line.c_iflag &= ~static_cast<tcflag_t>(IXOFF | IXANY | INPCK);
  ::cfsetispeed(&line, speed);
  ::cfsetospeed(&line, speed);
  return line;
}

void drive_modem_line(int fd, int bit, std::optional<bool> wanted) {
  if (wanted) ::ioctl(fd, *wanted ? TIOCMBIS : TIOCMBIC, &bit);  // a port without the line has nothing to drive
}

std::uint32_t grown(int before, int now) {
  return static_cast<std::uint32_t>(now) - static_cast<std::uint32_t>(before);
}

}  // namespace

bool TtyStream::read_counters(int fd, serial_icounter_struct& counters) {
  return ::ioctl(fd, TIOCGICOUNT, &counters) == 0;
}

Task<int> TtyStream::open(Deadline deadline) { return find_and_open(this, deadline); }

Task<int> TtyStream::find_and_open(TtyStream* self, Deadline deadline) {
  if (self->fd_ < 0 && self->options_.find) {
    HILLTOP_CO_TRY(self->options_.path, co_await self->options_.find(deadline));
  }
  co_return self->open_now();
}

Result<> TtyStream::drive_modem_lines(std::optional<bool> dtr, std::optional<bool> rts) {
  const auto& path = options_.path;
  if (fd_ < 0) return Error(Errc::unavailable, Blame::infrastructure, path + ": is not open");
  int lines = 0;
  if (::ioctl(fd_, TIOCMGET, &lines) != 0) {
    if (errno == ENOTTY || errno == EINVAL)
      return Error(Errc::unsupported, Blame::configuration, path + ": the port has no DTR and no RTS");
    return open_error(path, errno);
  }
  const auto put = [&lines](std::optional<bool> wanted, int bit) {
    if (wanted) lines = *wanted ? lines | bit : lines & ~bit;
  };
  put(dtr, TIOCM_DTR);
  put(rts, TIOCM_RTS);
  // Both in one call: with some boards a moment of the one without the other is a reset.
  if (::ioctl(fd_, TIOCMSET, &lines) != 0) return open_error(path, errno);
  return ok();
}

void TtyStream::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<int> TtyStream::open_now() {
  if (fd_ >= 0) return fd_;
  fd_ = ::open(options_.path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd_ < 0) return open_error(options_.path, errno);
  auto ready = prepare();
  if (ready) return fd_;
  close();
  return std::move(ready).error();
}

Result<> TtyStream::prepare() {
  const auto& path = options_.path;
  termios line{};
  if (::tcgetattr(fd_, &line) != 0 && errno == ENOTTY)
    return Error(Errc::bad_input, Blame::configuration, path + ": is no serial port");
  if (options_.is_port) {
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) return open_error(path, errno == EWOULDBLOCK ? EBUSY : errno);
    if (::ioctl(fd_, TIOCEXCL) != 0) return open_error(path, errno);
    lower_latency();
  }
  HILLTOP_CHECK(drive(options_.line));
  counted_.reset();
  if (serial_icounter_struct now{}; options_.is_port && read_counters_(fd_, now)) counted_ = now;
  return ok();
}

Result<> TtyStream::drive(const LineSettings& settings) {
  const auto& path = options_.path;
  const auto* speed = std::ranges::find(speeds, settings.baud, &Speed::baud);
  if (speed == std::end(speeds))
    return Error(Errc::unsupported, Blame::configuration,
                 path + ": " + std::to_string(settings.baud) + " baud is no usual speed");
  termios line{};
  if (::tcgetattr(fd_, &line) != 0) return open_error(path, errno);
  line = line_of(line, settings, speed->code);
  if (::tcsetattr(fd_, TCSANOW, &line) != 0) return open_error(path, errno);
  termios now{};
  // tcsetattr is content when it could set any of it.
  if (::tcgetattr(fd_, &now) != 0) return open_error(path, errno);
  if (::cfgetospeed(&now) != speed->code || (now.c_cflag & line_flags) != (line.c_cflag & line_flags))
    return Error(Errc::unsupported, Blame::configuration, path + ": the port does not take this speed or framing");
  if (options_.is_port) {
    drive_modem_line(fd_, TIOCM_DTR, settings.dtr);
    drive_modem_line(fd_, TIOCM_RTS, settings.rts);
  }
  return ok();
}

/// USB converters gather bytes for up to 16 ms otherwise. What the port does not have, or we may not set, stays.
void TtyStream::lower_latency() const {
  serial_struct port{};
  if (::ioctl(fd_, TIOCGSERIAL, &port) == 0 && (port.flags & ASYNC_LOW_LATENCY) == 0) {
    port.flags |= ASYNC_LOW_LATENCY;
    ::ioctl(fd_, TIOCSSERIAL, &port);
  }
  char name[PATH_MAX];
  if (::ttyname_r(fd_, name, sizeof name) != 0) return;
  const auto timer = "/sys/class/tty/" + std::filesystem::path(name).filename().string() + "/device/latency_timer";
  const int fd = ::open(timer.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (::write(fd, "1", 1) != 1) log::debug("{}: {}", timer, system_error("latency timer", errno).text);
  ::close(fd);
}

Result<LineSettings> TtyStream::set_line(const LineSettings& settings) {
  if (fd_ >= 0) {
    if (auto driven = drive(settings); !driven) {
      (void)drive(options_.line);
      return std::move(driven).error();
    }
  }
  options_.line = settings;
  return settings;
}

Result<> TtyStream::hold_break(bool on) {
  if (fd_ < 0) return Error(Errc::unavailable, Blame::infrastructure, options_.path + ": is not open");
  if (::ioctl(fd_, on ? TIOCSBRK : TIOCCBRK) != 0) {
    if (errno == ENOTTY || errno == EINVAL || errno == EOPNOTSUPP)
      return Error(Errc::unsupported, Blame::configuration, options_.path + ": the port cannot send a break");
    return open_error(options_.path, errno);
  }
  return ok();
}

LineErrors TtyStream::take_errors() {
  serial_icounter_struct now{};
  if (fd_ < 0 || !counted_ || !read_counters_(fd_, now)) return {};
  const auto before = std::exchange(*counted_, now);
  return {.overruns = grown(before.overrun, now.overrun),
          .framing = grown(before.frame, now.frame),
          .parity = grown(before.parity, now.parity),
          .breaks = grown(before.brk, now.brk),
          .buffer_overruns = grown(before.buf_overrun, now.buf_overrun)};
}

}  // namespace hilltop::drivers
