// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "drivers/core/task.hpp"

namespace hilltop::boards {

struct WakeMail;

/// One coroutine that waits for a shard. Its executor is an io_context's own (no strand): all that are woken before the
/// context has a turn share one post. Thread: wait() and construction on its executor; wake() from any, also when the
/// context is gone.
class Waiter {
 public:
  explicit Waiter(asio::any_io_executor executor);

  /// Ends the current or the next wait() of `waiter`.
  static void wake(const std::shared_ptr<Waiter>& waiter);
  /// Waits until woken. Errors: timeout (infrastructure), canceled.
  static Task<> wait(std::shared_ptr<Waiter> waiter, Deadline deadline);

 private:
  friend struct WakeMail;
  void notify();

  asio::any_io_executor executor_;
  Event event_;
  std::shared_ptr<WakeMail> mail_;
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
