// SPDX-License-Identifier: Apache-2.0
#include "web/cli/signals.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace hilltop::cli {

SignalInput::SignalInput(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  sigprocmask(SIG_BLOCK, &set, &before_);
  fd_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

SignalInput::~SignalInput() {
  if (fd_ >= 0) ::close(fd_);
  sigprocmask(SIG_SETMASK, &before_, nullptr);
}

int SignalInput::take() const {
  signalfd_siginfo info{};
  return ::read(fd_, &info, sizeof info) == static_cast<ssize_t>(sizeof info) ? static_cast<int>(info.ssi_signo) : 0;
}

bool SignalInput::wait(Deadline deadline) const {
  pollfd wanted{fd_, POLLIN, 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.left());
  const auto ms = static_cast<int>(std::min<std::chrono::milliseconds>(left, 60s).count());
  return ::poll(&wanted, 1, ms) == 1;
}

}  // namespace hilltop::cli
