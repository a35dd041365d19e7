// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <memory>
#include <optional>

#include "drivers/core/lane.hpp"
#include "drivers/core/task.hpp"

namespace hilltop::drivers {

/// What a call on a lane came to, for who still waits for it.
template <class T>
struct LaneCall {
  explicit LaneCall(const asio::any_io_executor& executor) : over(executor) {}
  Event over;
  std::optional<Result<T>> result;
};

/// Runs `call` (-> Result<T>) on `lane` and waits for it until `deadline`. A call that takes longer runs on to its end,
/// and what it returns is dropped.
/// Errors: those of `call`; timeout (infrastructure); canceled. Lifetime: `lane` lives until its calls are over.
template <class T, class F>
Task<T> call_on_lane(Lane& lane, F call, Deadline deadline) {
  const auto home = co_await asio::this_coro::executor;
  auto state = std::make_shared<LaneCall<T>>(home);
  const auto working = asio::prefer(home, asio::execution::outstanding_work.tracked);
  lane.post([state, working, call = std::move(call)]() mutable {
    auto result = call();
    asio::post(working, [state = std::move(state), result = std::move(result)]() mutable {
      state->result = std::move(result);
      state->over.notify();
    });
  });
  while (!state->result) {
    if (auto woken = co_await state->over.wait(deadline); !woken && !state->result) co_return std::move(woken).error();
  }
  co_return *std::move(state->result);
}

}  // namespace hilltop::drivers
