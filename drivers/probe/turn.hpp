// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>

#include "drivers/core/task.hpp"

namespace hilltop::drivers {

/// One at a time: what several coroutines of one thread share, a probe or a tool, is used by who holds its turn.
/// Thread: of its executor.
class Turn {
 public:
  explicit Turn(asio::any_io_executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

  /// The turn; given back when this dies.
  using Held = std::shared_ptr<void>;
  /// Waits for it. Errors: timeout (infrastructure), canceled.
  Task<Held> take(Deadline deadline) const { return take_state(state_, deadline); }

 private:
  struct State {
    explicit State(asio::any_io_executor executor) : changed(std::move(executor)) {}
    Event changed;
    bool taken = false;
  };

  static void give_back(State* state) {
    state->taken = false;
    state->changed.notify();
  }
  static Task<Held> take_state(std::shared_ptr<State> state, Deadline deadline) {
    while (state->taken) HILLTOP_CO_CHECK((co_await state->changed.wait(deadline)).within("something else uses it"));
    state->taken = true;
    auto* taken = state.get();
    co_return Held(taken, [state = std::move(state)](void*) { give_back(state.get()); });
  }

  std::shared_ptr<State> state_;
};

}  // namespace hilltop::drivers
