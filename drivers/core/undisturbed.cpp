// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/undisturbed.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hilltop {

// A coroutine of its own, which no cancellation signal reaches; it is joined here, as TaskScope would.
Task<> undisturbed(Task<> task) {
  const auto executor = co_await asio::this_coro::executor;
  co_return co_await asio::co_spawn(executor, std::move(task),
                                    asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
}

}  // namespace hilltop
