// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "drivers/core/task.hpp"

namespace hilltop::boards {

/// One coroutine that waits for a shard. Thread: wait() on its executor; wake() from any, under the lock that guards
/// the list that it is in, so that it never outlives its executor there.
class Waiter {
 public:
  explicit Waiter(asio::any_io_executor executor) : executor_(executor), event_(std::move(executor)) {}

  /// Ends the current or the next wait() of `waiter`.
  static void wake(const std::shared_ptr<Waiter>& waiter);
  /// Waits until woken. Errors: timeout (infrastructure), canceled.
  static Task<> wait(std::shared_ptr<Waiter> waiter, Deadline deadline);

 private:
  asio::any_io_executor executor_;
  Event event_;
  bool woken_ = false;  // on the executor
};

/// Waiters of one kind; each is woken once and leaves.
class WaitList {
 public:
  void add(std::shared_ptr<Waiter> waiter);
  void remove(const std::shared_ptr<Waiter>& waiter);
  void wake_all();

 private:
  std::vector<std::shared_ptr<Waiter>> waiting_;
};

}  // namespace hilltop::boards
