// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "controller/farm.hpp"
#include "drivers/core/task.hpp"

/// From an I/O thread to the control thread and back, with plain structs.
namespace hilltop::web {

/// The way to an I/O thread that may be gone by the time somebody wants to go there.
/// Thread: any.
class HomePort {
 public:
  explicit HomePort(asio::any_io_executor executor) : executor_(std::move(executor)) {}
  /// Runs `work` on the thread; drops it when the thread has ended.
  template <class Work>
  void post(Work work) {
    const std::scoped_lock lock(mutex_);
    if (open_) asio::post(executor_, std::move(work));
  }
  /// Nothing is posted after this returns.
  void close() {
    const std::scoped_lock lock(mutex_);
    open_ = false;
  }

 private:
  std::mutex mutex_;
  bool open_ = true;
  asio::any_io_executor executor_;
};

/// What a handler needs to ask the farm something. Copies are cheap.
struct Gate {
  std::shared_ptr<controller::Farm> farm;  ///< used on the control thread only
  std::shared_ptr<TaskScope> control;      ///< where work on the control thread is spawned
  std::shared_ptr<HomePort> home;
  asio::any_io_executor io;
};

namespace detail {

template <class T>
struct Unwrapped {
  using type = T;
};
template <class T>
struct Unwrapped<Result<T>> {
  using type = T;
};
template <class T>
struct Unwrapped<asio::awaitable<T>> : Unwrapped<T> {};

template <class T>
inline constexpr bool is_awaitable = false;
template <class T>
inline constexpr bool is_awaitable<asio::awaitable<T>> = true;

/// Members are called on the farm; free functions get the shared_ptr first, so that coroutines can keep it.
template <class F, class... Args>
decltype(auto) call_on(const std::shared_ptr<controller::Farm>& farm, F f, Args&&... args) {
  if constexpr (std::is_member_function_pointer_v<F>) {
    return std::invoke(f, *farm, std::forward<Args>(args)...);
  } else {
    return f(farm, std::forward<Args>(args)...);
  }
}
template <class F, class... Args>
using Called = std::remove_cvref_t<decltype(call_on(std::declval<const std::shared_ptr<controller::Farm>&>(),
                                                    std::declval<F>(), std::declval<Args>()...))>;

template <class T>
struct Pending {
  explicit Pending(asio::any_io_executor io) : done(std::move(io)) {}
  Event done;
  std::optional<Result<T>> result;
};

template <class T, class Value>
Result<T> as_result(Value value) {
  if constexpr (std::is_same_v<Value, Result<T>>) {
    return value;
  } else {
    return Result<T>(std::move(value));
  }
}

template <class T, class F, class... Args>
Task<T> call_there(std::shared_ptr<controller::Farm> farm, F f, std::tuple<Args...> args) {
  auto call = [&farm, f](Args&... a) -> decltype(auto) { return call_on(farm, f, std::move(a)...); };
  try {
    if constexpr (is_awaitable<Called<F, Args...>>) {
      co_return co_await std::apply(call, args);
    } else {
      co_return as_result<T>(std::apply(call, args));
    }
  } catch (const std::exception& e) {
    co_return Error(Errc::internal, Blame::bug, std::string("exception: ") + e.what());
  }
}

template <class T, class F, class... Args>
Task<> run_there(Gate gate, std::shared_ptr<Pending<T>> pending, F f, std::tuple<Args...> args) {
  auto result = co_await call_there<T>(gate.farm, f, std::move(args));
  gate.home->post([pending, r = std::move(result)]() mutable {
    pending->result = std::move(r);
    pending->done.notify();
  });
  co_return ok();
}

}  // namespace detail

/// Calls `f` on the control thread with copies of `args` and waits for its Result here. `f` is a member of Farm, or a
/// free function whose first parameter is the shared_ptr<Farm>; it returns a Task, a Result or a plain value. Errors:
/// those of `f`; timeout (infrastructure); canceled. Thread: an I/O thread.  Cancel: returns at once; what `f` began
/// goes on to its end and its result is dropped.
template <class F, class... Args>
auto hop_within(Deadline deadline, Gate gate, F f, Args... args)
    -> Task<typename detail::Unwrapped<detail::Called<F, Args...>>::type> {
  using T = typename detail::Unwrapped<detail::Called<F, Args...>>::type;
  auto pending = std::make_shared<detail::Pending<T>>(gate.io);
  std::tuple<Args...> packed(std::move(args)...);
  gate.control->spawn("web", detail::run_there<T>(gate, pending, f, std::move(packed)));
  while (!pending->result) HILLTOP_CO_CHECK(co_await pending->done.wait(deadline));
  co_return *std::move(pending->result);
}

/// The same without a deadline of its own: `f` has one, or ends soon.
template <class F, class... Args>
auto hop(Gate gate, F f, Args... args) -> Task<typename detail::Unwrapped<detail::Called<F, Args...>>::type> {
  return hop_within(Deadline::never(), std::move(gate), f, std::move(args)...);
}

}  // namespace hilltop::web
