// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

#include <initializer_list>

#include "drivers/core/deadline.hpp"

namespace hilltop::cli {

/// Turns signals into input on a descriptor while it lives: no handler runs in the middle of anything.
/// Thread: made by the only thread of the program. Source: signalfd(2).
class SignalInput {
 public:
  explicit SignalInput(std::initializer_list<int> signals);
  ~SignalInput();  ///< what came and was not taken acts as usual again
  SignalInput(const SignalInput&) = delete;
  SignalInput& operator=(const SignalInput&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  /// The next signal that came, 0 when there is none. Does not wait.
  [[nodiscard]] int take() const;
  /// Waits for input on fd() until `deadline`. Value: whether there is some.
  [[nodiscard]] bool wait(Deadline deadline) const;

 private:
  sigset_t before_{};
  int fd_ = -1;
};

}  // namespace hilltop::cli
