// SPDX-License-Identifier: Apache-2.0
#include "web/cli/raw_mode.hpp"

#include <signal.h>
#include <termios.h>

#include <array>

namespace hilltop::cli {
namespace {

constexpr std::array fatal_signals{SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGPIPE};

// What a signal handler needs must be static. Written before the handlers are set, and read by them only.
constinit termios saved{};
constinit int saved_fd = -1;
constinit std::array<struct sigaction, fatal_signals.size()> actions_before{};

/// Async-signal-safe: tcsetattr(3), sigaction(2) and raise(3) are. Source: signal-safety(7).
void restore_and_die(int signal) {
  if (saved_fd >= 0) tcsetattr(saved_fd, TCSANOW, &saved);
  // SA_RESETHAND has put the default action back: it acts once this handler returns.
  ::raise(signal);
}

termios raw_of(termios settings) {
  cfmakeraw(&settings);
  settings.c_cc[VMIN] = 1;
  settings.c_cc[VTIME] = 0;
  return settings;
}

}  // namespace

RawMode::RawMode(int fd) : fd_(fd) {
  termios now{};
  if (saved_fd >= 0 || tcgetattr(fd, &now) != 0) return;
  saved = now;
  saved_fd = fd;
  struct sigaction action{};
  action.sa_handler = restore_and_die;
  action.sa_flags = SA_RESETHAND;
  for (std::size_t i = 0; i < fatal_signals.size(); ++i) sigaction(fatal_signals[i], &action, &actions_before[i]);
  active_ = true;
  again();
}

RawMode::~RawMode() {
  if (!active_) return;
  tcsetattr(fd_, TCSADRAIN, &saved);
  saved_fd = -1;
  for (std::size_t i = 0; i < fatal_signals.size(); ++i) sigaction(fatal_signals[i], &actions_before[i], nullptr);
}

void RawMode::again() const {
  if (!active_) return;
  const auto raw = raw_of(saved);
  tcsetattr(fd_, TCSADRAIN, &raw);
}

}  // namespace hilltop::cli
