// SPDX-License-Identifier: Apache-2.0
#include "boards/console/waiter.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

namespace hilltop::boards {

void Waiter::wake(const std::shared_ptr<Waiter>& waiter) {
  asio::post(waiter->executor_, [waiter] {
    waiter->woken_ = true;
    waiter->event_.notify();
  });
}

Task<> Waiter::wait(std::shared_ptr<Waiter> waiter, Deadline deadline) {
  Result<> out = ok();
  if (!waiter->woken_) out = co_await waiter->event_.wait(deadline);
  waiter->woken_ = false;
  co_return out;
}

void WaitList::add(std::shared_ptr<Waiter> waiter) {
  if (std::ranges::find(waiting_, waiter) == waiting_.end()) waiting_.push_back(std::move(waiter));
}

void WaitList::remove(const std::shared_ptr<Waiter>& waiter) { std::erase(waiting_, waiter); }

void WaitList::wake_all() {
  for (const auto& waiter : waiting_) Waiter::wake(waiter);
  waiting_.clear();
}

}  // namespace hilltop::boards
