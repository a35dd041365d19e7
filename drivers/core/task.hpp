// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "drivers/core/deadline.hpp"
#include "drivers/core/result.hpp"

namespace hilltop {

namespace asio = boost::asio;

/// A coroutine that ends with a Result. Tasks are free functions, take what they keep by value,
/// and take a Deadline. g++ 12 miscompiles some of them: see CONTRIBUTING.md, "Compiler".
template <class T = void>
using Task = asio::awaitable<Result<T>>;

/// Waits. Errors: timeout (infrastructure) when `deadline` comes first; canceled.
Task<> sleep_for(std::chrono::nanoseconds duration, Deadline deadline = Deadline::never());

/// True when the running coroutine was asked to stop. After that only clean-up runs.
asio::awaitable<bool> is_canceled();

/// Makes the rest of the running coroutine deaf to cancellation: for clean-up, under a deadline of its own.
asio::awaitable<void> ignore_cancellation();

/// Wakes one or many waiting coroutines of one executor.
/// Thread: wait() and notify() on the same executor; post to it from elsewhere.
class Event {
 public:
  explicit Event(asio::any_io_executor executor);
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  /// Wakes all that wait now.
  void notify();
  /// Waits for the next notify(). Errors: timeout (infrastructure), canceled.
  Task<> wait(Deadline deadline);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Owns running coroutines: each is spawned by name, canceled together and joined before the scope dies.
/// Nothing else calls co_spawn (a lint test holds that).
/// Thread: all calls on the scope's executor, except spawn(), which may come from anywhere.
class TaskScope {
 public:
  TaskScope(asio::any_io_executor executor, std::string name);
  ~TaskScope();
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;

  /// Starts `task` on the scope's executor. Its error, if any, goes to the log unless it is `canceled`;
  /// an exception is logged as a bug. Returns an id for cancel(id).
  std::uint64_t spawn(std::string name, Task<> task);
  /// Asks one task, or all, to stop (terminal).
  void cancel(std::uint64_t id);
  void cancel_all();
  /// Waits until no task runs.
  asio::awaitable<void> join();
  [[nodiscard]] std::size_t running() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace hilltop
