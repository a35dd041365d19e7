// SPDX-License-Identifier: Apache-2.0
#include "boards/console/waiter.hpp"

#include <algorithm>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>

namespace hilltop::boards {

/// The waiters of one io_context that have been woken and do not know it yet. A sweep wakes hundreds: a post each would
/// cost more than reading their bytes.
struct WakeMail {
  std::mutex mutex;  // guards the rest
  std::vector<std::shared_ptr<Waiter>> woken;
  bool over = false;  // the context goes: nobody reads this any more

  void put(const std::shared_ptr<WakeMail>& self, const std::shared_ptr<Waiter>& waiter,
           const asio::any_io_executor& executor) {
    const std::lock_guard lock(mutex);
    if (over) return;
    woken.push_back(waiter);
    if (woken.size() == 1) asio::post(executor, [self] { self->deliver(); });
  }

  void deliver() {
    std::vector<std::shared_ptr<Waiter>> all;
    {
      const std::lock_guard lock(mutex);
      all.swap(woken);
    }
    for (const auto& waiter : all) waiter->notify();
  }
};

namespace {

/// Finds the mail of a context, and ends it with it.
class WakeMails final : public asio::execution_context::service {
 public:
  using key_type = WakeMails;
  inline static asio::execution_context::id id;
  explicit WakeMails(asio::execution_context& context)
      : asio::execution_context::service(context), mail_(std::make_shared<WakeMail>()) {}
  [[nodiscard]] const std::shared_ptr<WakeMail>& mail() const { return mail_; }

 private:
  void shutdown() override {
    std::vector<std::shared_ptr<Waiter>> dropped;  // after the lock
    const std::lock_guard lock(mail_->mutex);
    mail_->over = true;
    dropped.swap(mail_->woken);
  }
  std::shared_ptr<WakeMail> mail_;
};

}  // namespace

Waiter::Waiter(asio::any_io_executor executor)
    : executor_(std::move(executor)),
      event_(executor_),
      mail_(asio::use_service<WakeMails>(asio::query(executor_, asio::execution::context)).mail()) {}

void Waiter::wake(const std::shared_ptr<Waiter>& waiter) {
  waiter->mail_->put(waiter->mail_, waiter, waiter->executor_);
}

void Waiter::notify() {
  woken_ = true;
  event_.notify();
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
