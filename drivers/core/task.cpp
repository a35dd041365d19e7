// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/task.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <atomic>
#include <map>

#include "drivers/core/log.hpp"

namespace hilltop {
namespace {

using Timer = asio::steady_timer;

asio::awaitable<void> quietly_wait(Timer& timer) {
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace

asio::awaitable<bool> is_canceled() {
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

asio::awaitable<void> ignore_cancellation() {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
}

Task<> sleep_for(std::chrono::nanoseconds duration, Deadline deadline) {
  if (co_await is_canceled()) co_return canceled_error("sleep");
  const auto wake = Deadline::after(duration);
  Timer timer(co_await asio::this_coro::executor);
  timer.expires_at(wake.earliest(deadline).when());
  co_await quietly_wait(timer);
  if (co_await is_canceled()) co_return canceled_error("sleep");
  if (deadline.when() < wake.when()) co_return Error(Errc::timeout, Blame::infrastructure, "time is over");
  co_return ok();
}

struct Event::State {
  explicit State(asio::any_io_executor ex) : executor(std::move(ex)) {}
  asio::any_io_executor executor;
  std::map<Timer*, bool*> waiting;
};

Event::Event(asio::any_io_executor executor) : state_(std::make_shared<State>(std::move(executor))) {}
Event::~Event() { notify(); }

void Event::notify() {
  auto waiting = std::move(state_->waiting);
  state_->waiting.clear();
  for (auto& [timer, notified] : waiting) {
    *notified = true;
    timer->cancel();
  }
}

Task<> Event::wait(Deadline deadline) {
  auto state = state_;  // outlives the Event
  if (co_await is_canceled()) co_return canceled_error("wait");
  Timer timer(state->executor);
  timer.expires_at(deadline.when());
  bool notified = false;
  state->waiting.emplace(&timer, &notified);
  co_await quietly_wait(timer);
  if (notified) co_return ok();
  state->waiting.erase(&timer);
  if (co_await is_canceled()) co_return canceled_error("wait");
  co_return Error(Errc::timeout, Blame::infrastructure, "time is over");
}

struct TaskScope::State {
  State(asio::any_io_executor ex, std::string n) : executor(ex), name(std::move(n)), idle(std::move(ex)) {}
  asio::any_io_executor executor;
  std::string name;
  std::atomic<std::uint64_t> next_id{1};
  std::atomic<std::size_t> pending{0};  // spawned and not yet ended
  std::map<std::uint64_t, std::unique_ptr<asio::cancellation_signal>> signals;
  Event idle;
  bool canceled = false;
};

TaskScope::TaskScope(asio::any_io_executor executor, std::string name)
    : state_(std::make_shared<State>(std::move(executor), std::move(name))) {}

TaskScope::~TaskScope() {
  if (state_->pending > 0) log::error("scope {}: {} tasks still run and were not joined", state_->name, state_->pending.load());
}

namespace {

void report_end(const std::string& name, const std::exception_ptr& thrown, const Result<>& result) {
  if (thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const boost::system::system_error& e) {
      if (e.code() != asio::error::operation_aborted) log::error("task {}: exception: {}", name, e.what());
    } catch (const std::exception& e) {
      log::error("task {}: exception: {}", name, e.what());
    }
  } else if (!result && result.error().code != Errc::canceled) {
    log::warn("task {}: {}", name, result.error().text);
  }
}

Task<> run_without_throwing_on_cancel(Task<> task) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_return co_await std::move(task);
}

}  // namespace

std::uint64_t TaskScope::spawn(std::string name, Task<> task) {
  const auto id = state_->next_id++;
  ++state_->pending;
  auto start = [state = state_, id, name = std::move(name), task = std::move(task)]() mutable {
    auto& signal = state->signals[id] = std::make_unique<asio::cancellation_signal>();
    auto on_end = [state, id, name](std::exception_ptr thrown, Result<> result) {
      report_end(state->name + "/" + name, thrown, result);
      state->signals.erase(id);
      if (--state->pending == 0) state->idle.notify();
    };
    const bool stop_at_once = state->canceled;
    asio::co_spawn(state->executor, run_without_throwing_on_cancel(std::move(task)),
                   asio::bind_cancellation_slot(signal->slot(), std::move(on_end)));
    if (stop_at_once && state->signals.contains(id)) state->signals[id]->emit(asio::cancellation_type::terminal);
  };
  asio::dispatch(state_->executor, std::move(start));
  return id;
}

void TaskScope::cancel(std::uint64_t id) {
  if (auto it = state_->signals.find(id); it != state_->signals.end()) it->second->emit(asio::cancellation_type::terminal);
}

void TaskScope::cancel_all() {
  state_->canceled = true;
  std::vector<std::uint64_t> ids;
  for (const auto& [id, signal] : state_->signals) ids.push_back(id);
  for (const auto id : ids) cancel(id);
}

asio::awaitable<void> TaskScope::join() {
  auto state = state_;
  while (state->pending > 0) {
    if (auto woken = co_await state->idle.wait(Deadline::never()); !woken && state->pending > 0)
      co_await ignore_cancellation();
  }
}

std::size_t TaskScope::running() const { return state_->pending; }

}  // namespace hilltop
