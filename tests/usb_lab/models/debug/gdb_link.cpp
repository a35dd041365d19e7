// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/debug/gdb_link.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>

namespace hilltop::usb_lab {
namespace {

constexpr int patience_ms = 3000;

}  // namespace

bool GdbLink::open(const std::string& socket) {
  close();
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  socket.copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    ::close(fd);
    return false;
  }
  fd_ = fd;
  return true;
}

void GdbLink::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  received_.clear();
}

void GdbLink::send(const std::string& packet) {
  unsigned sum = 0;
  for (const unsigned char c : packet) sum += c;
  constexpr std::string_view digits = "0123456789abcdef";
  const auto whole = "$" + packet + "#" + digits[sum >> 4 & 15] + digits[sum & 15];
  for (std::size_t at = 0; at < whole.size() && fd_ >= 0;) {
    const auto sent = ::send(fd_, whole.data() + at, whole.size() - at, MSG_NOSIGNAL);
    if (sent <= 0) return close();
    at += static_cast<std::size_t>(sent);
  }
}

void GdbLink::interrupt() {
  if (fd_ >= 0 && ::send(fd_, "\x03", 1, MSG_NOSIGNAL) != 1) close();
}

std::optional<std::string> GdbLink::take_packet() {
  const auto begin = received_.find('$');
  if (begin == received_.npos) return std::nullopt;
  const auto end = received_.find('#', begin);
  if (end == received_.npos || received_.size() < end + 3) return std::nullopt;
  auto packet = received_.substr(begin + 1, end - begin - 1);
  received_.erase(0, end + 3);
  (void)::send(fd_, "+", 1, MSG_NOSIGNAL);
  return packet;
}

std::optional<std::string> GdbLink::receive(int milliseconds) {
  for (;;) {
    if (auto packet = take_packet()) return packet;
    pollfd end{fd_, POLLIN, 0};
    if (fd_ < 0) return "";
    if (::poll(&end, 1, milliseconds) <= 0) return std::nullopt;
    std::array<char, 8192> buffer;
    const auto count = ::read(fd_, buffer.data(), buffer.size());
    if (count <= 0) {
      close();
      return "";
    }
    received_.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

std::string GdbLink::ask(const std::string& packet) {
  send(packet);
  for (;;) {
    const auto reply = receive(patience_ms).value_or("");
    // A stub that stops the machine because somebody connected says so at any time, before its answer too.
    const bool is_stop = reply.starts_with('T') || reply.starts_with('S');
    if (!is_stop || packet == "?" || packet == "s") return reply;
  }
}

}  // namespace hilltop::usb_lab
