// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/serial_peer.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>

#include "tests/usb_lab/models/serial_relay.hpp"

namespace hilltop::usb_lab {
namespace {

class JoinedLines final : public SerialPeer {
  void on_bytes(std::span<const std::uint8_t> bytes) override { answer(bytes); }
};

/// A board's UART that somebody serves as a Unix socket; connected again when it was not there.
class SocketLines final : public SerialPeer {
 public:
  explicit SocketLines(std::string path) : path_(std::move(path)) {}
  ~SocketLines() override { disconnect(); }

 private:
  using Clock = std::chrono::steady_clock;

  bool connected() {
    constexpr auto between_tries = std::chrono::milliseconds(20);
    if (fd_ >= 0 || Clock::now() < next_try_) return fd_ >= 0;
    next_try_ = Clock::now() + between_tries;
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (fd_ >= 0 && ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) disconnect();
    return fd_ >= 0;
  }
  void disconnect() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void on_bytes(std::span<const std::uint8_t> bytes) override {
    if (connected()) (void)::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);  // a UART loses what nobody takes
  }
  void poll() override {
    if (!connected()) return;
    std::array<std::uint8_t, 4096> buffer{};
    const auto count = ::read(fd_, buffer.data(), buffer.size());
    if (count > 0) answer({buffer.data(), static_cast<std::size_t>(count)});
    if (count == 0 || (count < 0 && errno != EAGAIN)) disconnect();
  }

  std::string path_;
  int fd_ = -1;
  Clock::time_point next_try_ = {};
};

}  // namespace

void SerialPeer::from_host(std::span<const std::uint8_t> bytes) {
  const std::lock_guard lock(mutex_);
  on_bytes(bytes);
}

Bytes SerialPeer::to_host(std::size_t room) {
  const std::lock_guard lock(mutex_);
  poll();
  const auto count = static_cast<std::ptrdiff_t>(std::min(room, output_.size()));
  Bytes bytes(output_.begin(), output_.begin() + count);
  output_.erase(output_.begin(), output_.begin() + count);
  return bytes;
}

void SerialPeer::set_powered(bool powered) {
  const std::lock_guard lock(mutex_);
  output_.clear();
  on_power(powered);
}

std::unique_ptr<SerialPeer> make_serial_peer(const Options& options) {
  if (options.has("relay")) return make_serial_relay(options);
  if (options.has("sock")) return std::make_unique<SocketLines>(options.text("sock"));
  return std::make_unique<JoinedLines>();
}

}  // namespace hilltop::usb_lab
