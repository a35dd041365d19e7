// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

#include <array>
#include <cstddef>
#include <initializer_list>

#include "drivers/core/deadline.hpp"

namespace hilltop::cli {

/// Turns signals into input on a descriptor while it lives: their handler only writes into a pipe. (Not signalfd: a
/// library's thread that does not block the signal would take it, and the program would die.) At most one at a time.
/// Thread: any one. Source: signal-safety(7).
class SignalInput {
 public:
  explicit SignalInput(std::initializer_list<int> signals);
  ~SignalInput();  ///< where none was taken, what came acts as usual now
  SignalInput(const SignalInput&) = delete;
  SignalInput& operator=(const SignalInput&) = delete;

  [[nodiscard]] int fd() const { return pipe_[0]; }
  /// The next signal that came, 0 when there is none. Does not wait.
  [[nodiscard]] int take();
  /// Waits for input on fd() until `deadline`. Value: whether there is some.
  [[nodiscard]] bool wait(Deadline deadline) const;

 private:
  static constexpr std::size_t most = 8;
  std::array<int, 2> pipe_{-1, -1};
  std::array<int, most> signals_{};
  std::array<struct sigaction, most> before_{};
  std::size_t count_ = 0;
  bool taken_ = false;
};

}  // namespace hilltop::cli
