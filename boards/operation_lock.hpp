// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "drivers/core/task.hpp"

namespace hilltop::boards {

/// Lets one coroutine at a time touch a board; the others wait for their turn.
/// Thread: of its executor.
class OperationLock {
 public:
  /// Holds the lock while it lives.
  class Guard {
   public:
    Guard() = default;
    Guard(Guard&& other) noexcept = default;
    Guard& operator=(Guard&& other) noexcept = default;
    ~Guard();

   private:
    friend class OperationLock;
    std::shared_ptr<struct OperationLockState> state_;
  };

  explicit OperationLock(asio::any_io_executor executor);

  /// Waits for the lock. Errors: busy (infrastructure) when another operation still runs at the deadline; canceled.
  Task<Guard> acquire(Deadline deadline) const { return acquire_from(state_, deadline); }

 private:
  static Task<Guard> acquire_from(std::shared_ptr<OperationLockState> state, Deadline deadline);
  std::shared_ptr<OperationLockState> state_;
};

}  // namespace hilltop::boards
