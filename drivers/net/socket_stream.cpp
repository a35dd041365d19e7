// SPDX-License-Identifier: Apache-2.0
#include "drivers/net/socket_stream.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace hilltop::drivers {
namespace {

constexpr std::string_view banner_begin = "SEGGER J-Link";
constexpr std::string_view banner_last_line = "Process: ";
constexpr std::size_t longest_banner = 2048;
constexpr auto banner_time = std::chrono::seconds(1);  // it is sent at once
constexpr auto between_looks = std::chrono::milliseconds(5);

/// Takes the banner off the socket, and no byte more: what follows is the board's.
Task<> skip_banner(int fd, Deadline deadline) {
  const auto until = deadline.at_most(banner_time);
  for (;;) {
    std::array<char, longest_banner> seen;
    const auto n = ::recv(fd, seen.data(), seen.size(), MSG_PEEK | MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) co_return ok();  // the engine sees the end
    const auto bytes = std::string_view(seen.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (const auto length = j_link_banner(bytes)) {
      [[maybe_unused]] const auto gone = ::recv(fd, seen.data(), *length, MSG_DONTWAIT);
      co_return ok();
    }
    if (auto slept = co_await sleep_for(between_looks, until); !slept)
      co_return slept.error().code == Errc::timeout ? Result<>(ok()) : std::move(slept);
  }
}

Result<> begin(const SocketStream::Options& options, int fd) {
  const auto& greeting = options.greeting;
  if (greeting.empty()) return ok();
  const auto n = ::send(fd, greeting.data(), greeting.size(), MSG_NOSIGNAL);
  return n == static_cast<ssize_t>(greeting.size()) ? Result<>(ok()) : system_error("send", n < 0 ? errno : EAGAIN);
}

}  // namespace

std::optional<std::size_t> j_link_banner(std::string_view bytes) {
  const auto begin = bytes.substr(0, banner_begin.size());
  if (!banner_begin.starts_with(begin)) return 0;
  if (begin.size() < banner_begin.size()) return std::nullopt;
  const auto last = bytes.find(banner_last_line);
  const auto end = last == std::string_view::npos ? last : bytes.find('\n', last);
  if (end == std::string_view::npos)
    return bytes.size() < longest_banner ? std::nullopt : std::optional<std::size_t>(0);
  return end + 1;
}

void SocketStream::State::close() {
  if (fd >= 0) ::close(std::exchange(fd, -1));
}

Task<int> SocketStream::connect(std::shared_ptr<State> state, Deadline deadline) {
  if (state->fd >= 0) co_return state->fd;
  HILLTOP_CO_TRY(const int fd, co_await connect_stream(state->options.address, deadline));
  auto begun = begin(state->options, fd);
  if (begun && state->options.skip_banner) begun = co_await skip_banner(fd, deadline);
  if (!begun) {
    ::close(fd);
    co_return std::move(begun).error().within(state->options.address.to_string());
  }
  state->fd = fd;
  co_return fd;
}

}  // namespace hilltop::drivers
