// SPDX-License-Identifier: Apache-2.0
#include "boards/operation_lock.hpp"

namespace hilltop::boards {

struct OperationLockState {
  explicit OperationLockState(asio::any_io_executor executor) : freed(std::move(executor)) {}
  Event freed;
  bool held = false;
};

OperationLock::Guard::~Guard() {
  if (!state_) return;
  state_->held = false;
  state_->freed.notify();
}

OperationLock::OperationLock(asio::any_io_executor executor)
    : state_(std::make_shared<OperationLockState>(std::move(executor))) {}

Task<OperationLock::Guard> OperationLock::acquire_from(std::shared_ptr<OperationLockState> state, Deadline deadline) {
  while (state->held) {
    if (auto freed = co_await state->freed.wait(deadline); !freed) {
      if (freed.error().code == Errc::canceled) co_return std::move(freed).error();
      co_return Error(Errc::busy, Blame::infrastructure, "another operation on the board still runs");
    }
  }
  state->held = true;
  Guard guard;
  guard.state_ = std::move(state);
  co_return guard;
}

}  // namespace hilltop::boards
