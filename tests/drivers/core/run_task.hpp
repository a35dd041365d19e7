// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "drivers/core/task.hpp"

namespace hilltop::test {

template <class T>
Task<> keep_result(Task<T> task, std::shared_ptr<std::optional<Result<T>>> out) {
  *out = co_await std::move(task);
  co_return ok();
}

/// Runs `task` to its end on `context` and returns what it returned.
template <class T>
Result<T> run_task(asio::io_context& context, Task<T> task) {
  auto out = std::make_shared<std::optional<Result<T>>>();
  context.restart();
  TaskScope scope(context.get_executor(), "test");
  scope.spawn("task", keep_result(std::move(task), out));
  while (scope.running() > 0 && context.run_one() > 0) {
  }
  if (!*out) return Error(Errc::internal, Blame::bug, "the task threw, or waits for something that nobody will do");
  return *std::move(*out);
}

}  // namespace hilltop::test
