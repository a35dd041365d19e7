// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "drivers/core/task.hpp"

namespace hilltop {

/// One thread for the blocking calls of one device (or of one kind of work): a hung device hangs itself only.
/// Thread: run() from any coroutine; the call runs on the lane, the coroutine goes on at home.
/// Cancel: a call that has begun runs to its end: give it a timeout of its own.
class Lane {
 public:
  Lane() : worker_(1) {}
  ~Lane() { worker_.join(); }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  /// Runs `blocking_call` on the lane's thread and returns what it returned.
  template <class F>
  asio::awaitable<std::invoke_result_t<F&>> run(F blocking_call) {
    const auto home = co_await asio::this_coro::executor;
    const auto lane = worker_.get_executor();
    co_await asio::post(asio::bind_executor(lane, asio::use_awaitable));
    auto out = blocking_call();
    co_await asio::post(asio::bind_executor(home, asio::use_awaitable));
    co_return out;
  }

  /// Queues `work` behind what the lane already has, and returns at once.
  template <class F>
  void post(F work) {
    asio::post(worker_, std::move(work));
  }

 private:
  asio::thread_pool worker_;
};

}  // namespace hilltop
