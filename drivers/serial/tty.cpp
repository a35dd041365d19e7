// SPDX-License-Identifier: Apache-2.0
// Driver `tty`: a serial port of this machine.
//   driver: tty
//   path: /dev/serial/by-id/usb-FTDI_...-if00-port0
//   baud: 115200           # optional
//   allow_unstable: true   # optional: takes /dev/ttyUSB0 and its like, which name whatever was plugged in first
// Source: termios(3), ioctl_tty(2), flock(2).
#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "drivers/api/device.hpp"
#include "drivers/core/fields.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

struct Speed {
  std::int64_t baud;
  speed_t code;
};
constexpr Speed speeds[] = {{1200, B1200},       {2400, B2400},       {4800, B4800},       {9600, B9600},
                            {19200, B19200},     {38400, B38400},     {57600, B57600},     {115200, B115200},
                            {230400, B230400},   {460800, B460800},   {500000, B500000},   {576000, B576000},
                            {921600, B921600},   {1000000, B1000000}, {1152000, B1152000}, {1500000, B1500000},
                            {2000000, B2000000}, {2500000, B2500000}, {3000000, B3000000}, {4000000, B4000000}};
constexpr std::int64_t usual_baud = 115200;

const Speed* speed_of(std::int64_t baud) {
  const auto* found = std::ranges::find(speeds, baud, &Speed::baud);
  return found == std::end(speeds) ? nullptr : found;
}

/// Numbered in the order of plugging in: after a restart another board may have the name.
bool is_unstable(std::string_view path) { return path.starts_with("/dev/ttyUSB") || path.starts_with("/dev/ttyACM"); }

Error open_error(const std::string& path, int code) {
  auto error = system_error(path, code);
  if (code == ENOENT || code == ENODEV || code == ENXIO) error.code = Errc::not_found;
  if (code == EBUSY) error.code = Errc::busy;
  if (code == EACCES || code == EPERM) error.code = Errc::denied;
  return error;
}

/// Raw, 8 data bits, no parity, no flow control, no modem lines; DTR stays as it is at close, for it resets some
/// boards.
Result<> set_line(int fd, const std::string& path, speed_t speed) {
  termios line{};
  if (::tcgetattr(fd, &line) != 0) return open_error(path, errno);
  ::cfmakeraw(&line);
  line.c_cflag |= CLOCAL | CREAD;
  line.c_cflag &= ~static_cast<tcflag_t>(CRTSCTS | HUPCL | CSTOPB);
  line.c_iflag &= ~static_cast<tcflag_t>(IXOFF | IXANY);
  ::cfsetispeed(&line, speed);
  ::cfsetospeed(&line, speed);
  if (::tcsetattr(fd, TCSANOW, &line) != 0) return open_error(path, errno);
  termios now{};
  // tcsetattr is content when it could set any of it.
  if (::tcgetattr(fd, &now) != 0) return open_error(path, errno);
  if (::cfgetospeed(&now) != speed || (now.c_cflag & CRTSCTS) != 0)
    return Error(Errc::unavailable, Blame::infrastructure, path + ": the port does not take this speed");
  return ok();
}

class TtyStream final : public ByteStream {
 public:
  TtyStream(std::string path, speed_t speed) : path_(std::move(path)), speed_(speed) {}
  ~TtyStream() override { TtyStream::close(); }

  Task<int> open(Deadline) override { co_return open_now(); }
  void close() override {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  [[nodiscard]] bool reopens() const override { return true; }

 private:
  Result<int> open_now() {
    if (fd_ >= 0) return fd_;
    fd_ = ::open(path_.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd_ < 0) return open_error(path_, errno);
    auto ready = prepare();
    if (ready) return fd_;
    close();
    return std::move(ready).error();
  }

  Result<> prepare() {
    if (::isatty(fd_) == 0) return Error(Errc::bad_input, Blame::configuration, path_ + ": is no serial port");
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) return open_error(path_, errno == EWOULDBLOCK ? EBUSY : errno);
    if (::ioctl(fd_, TIOCEXCL) != 0) return open_error(path_, errno);
    return set_line(fd_, path_, speed_);
  }

  std::string path_;
  speed_t speed_;
  int fd_ = -1;
};

Task<> nothing_to_end() { co_return ok(); }

class TtyDevice final : public Device {
 public:
  TtyDevice(std::string path, speed_t speed) : stream_(std::move(path), speed) {}
  ByteStream* console(std::string_view name) override { return name == "main" ? &stream_ : nullptr; }
  Task<> shut_down(Deadline) override { return nothing_to_end(); }

 private:
  TtyStream stream_;
};

void check_tty(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "tty", diagnostics);
  (void)fields.text("driver");
  fields.require("path", "the port's name below /dev/serial/by-id");
  const auto path = fields.text("path");
  const auto baud = fields.integer("baud", 1);
  if (baud && speed_of(*baud) == nullptr)
    fields.error(address["baud"], "'baud': " + std::to_string(*baud) + " is no usual speed", "115200 is the usual one");
  if (path && !path->starts_with('/')) fields.error(address["path"], "'path' must begin with '/'");
  if (path && is_unstable(*path) && !fields.flag("allow_unstable").value_or(false))
    fields.error(address["path"], "'" + *path + "' names whatever was plugged in first",
                 "use its name below /dev/serial/by-id, or say 'allow_unstable: true'");
  (void)fields.flag("allow_unstable");
  fields.refuse_others();
}

Result<std::unique_ptr<Device>> make_tty(const Env&, const Node& address) {
  const auto baud = address.contains("baud") ? address["baud"].as_integer().value_or(0) : usual_baud;
  const auto* speed = speed_of(baud);
  if (speed == nullptr) return Error(Errc::bad_input, Blame::configuration, "tty: no usual speed");
  return std::unique_ptr<Device>(std::make_unique<TtyDevice>(address["path"].text(), speed->code));
}

}  // namespace

constinit const DriverInfo tty{
    .name = "tty",
    .offers = "console",
    .summary = "a serial port of this machine",
    .source = "termios(3), ioctl_tty(2)",
    .verified = Verified::specification,
    .check = check_tty,
    .make = make_tty,
};

}  // namespace hilltop::drivers
