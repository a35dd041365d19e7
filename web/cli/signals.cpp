// SPDX-License-Identifier: Apache-2.0
#include "web/cli/signals.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace hilltop::cli {
namespace {

constinit volatile sig_atomic_t pipe_in = -1;  // what a handler needs must be static

void write_down(int signal) {
  const int before = errno;
  const auto byte = static_cast<unsigned char>(signal);
  // A full pipe holds enough of them already.
  [[maybe_unused]] const auto n = ::write(pipe_in, &byte, 1);
  errno = before;
}

}  // namespace

SignalInput::SignalInput(std::initializer_list<int> signals) {
  if (pipe_in >= 0 || pipe2(pipe_.data(), O_CLOEXEC | O_NONBLOCK) != 0) return;
  pipe_in = pipe_[1];
  struct sigaction action{};
  action.sa_handler = write_down;
  action.sa_flags = SA_RESTART;
  for (const int signal : signals) {
    if (count_ == most) break;
    signals_[count_] = signal;
    sigaction(signal, &action, &before_[count_]);
    // Who started us ignores it (nohup): so do we.
    if (before_[count_].sa_handler == SIG_IGN) sigaction(signal, &before_[count_], nullptr);
    ++count_;
  }
}

SignalInput::~SignalInput() {
  for (std::size_t i = 0; i < count_; ++i) sigaction(signals_[i], &before_[i], nullptr);
  const int left = pipe_[0] >= 0 && !taken_ ? take() : 0;
  if (pipe_[0] >= 0) {
    pipe_in = -1;
    ::close(pipe_[0]);
    ::close(pipe_[1]);
  }
  if (left != 0) ::raise(left);
}

int SignalInput::take() {
  unsigned char byte = 0;
  if (::read(pipe_[0], &byte, 1) != 1) return 0;
  taken_ = true;
  return byte;
}

bool SignalInput::wait(Deadline deadline) const {
  pollfd wanted{pipe_[0], POLLIN, 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.left());
  const auto ms = static_cast<int>(std::min<std::chrono::milliseconds>(left, 60s).count());
  return ::poll(&wanted, 1, ms) == 1;
}

}  // namespace hilltop::cli
