// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/task.hpp"

#include <gtest/gtest.h>

#include <boost/asio/this_coro.hpp>
#include <stdexcept>
#include <string>

#include "tests/drivers/core/run_task.hpp"

namespace hilltop {
namespace {

using Words = std::shared_ptr<std::vector<std::string>>;

Task<> wait_and_say(std::shared_ptr<Event> event, std::string name, Deadline deadline, Words said) {
  const auto woken = co_await event->wait(deadline);
  said->push_back(name + ": " + (woken ? "woken" : woken.error().text));
  if (!woken && woken.error().code == Errc::canceled) said->back() += co_await is_canceled() ? " (canceled)" : " (?)";
  co_return ok();
}

Task<> throw_something() {
  throw std::runtime_error("a bug");
  co_return ok();
}

Task<> clean_up_after_cancel(std::shared_ptr<Event> event, Words said) {
  (void)co_await event->wait(Deadline::never());
  const auto deaf_not_yet = co_await sleep_for(1ms);
  said->push_back(deaf_not_yet ? "slept" : deaf_not_yet.error().text);
  co_await ignore_cancellation();
  const auto clean_up = co_await sleep_for(1ms);
  said->push_back(clean_up ? "cleaned up" : clean_up.error().text);
  co_return ok();
}

class TaskTest : public testing::Test {
 protected:
  void run_until_idle(TaskScope& scope) {
    context_.restart();
    while (scope.running() > 0 && context_.run_one() > 0) {
    }
    EXPECT_EQ(scope.running(), 0U);
  }
  asio::io_context context_;
  std::shared_ptr<Event> event_ = std::make_shared<Event>(context_.get_executor());
  Words said_ = std::make_shared<std::vector<std::string>>();
};

TEST_F(TaskTest, SleepEndsByItselfOrByTheDeadline) {
  EXPECT_TRUE(test::run_task(context_, sleep_for(1ms)));
  const auto late = test::run_task(context_, sleep_for(1h, Deadline::after(1ms)));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::timeout);
  EXPECT_EQ(late.error().blame, Blame::infrastructure);
}

TEST_F(TaskTest, AnEventWakesAllThatWaitAndNobodyLater) {
  TaskScope scope(context_.get_executor(), "test");
  scope.spawn("a", wait_and_say(event_, "a", Deadline::never(), said_));
  scope.spawn("b", wait_and_say(event_, "b", Deadline::never(), said_));
  context_.poll();
  event_->notify();
  run_until_idle(scope);
  std::ranges::sort(*said_);
  EXPECT_EQ(*said_, (std::vector<std::string>{"a: woken", "b: woken"}));
  scope.spawn("c", wait_and_say(event_, "c", Deadline::after(1ms), said_));
  run_until_idle(scope);
  EXPECT_EQ(said_->back(), "c: time is over");
}

TEST_F(TaskTest, AnEventMayDieBeforeThoseThatWait) {
  TaskScope scope(context_.get_executor(), "test");
  auto event = std::make_shared<Event>(context_.get_executor());
  std::weak_ptr<Event> alive = event;
  scope.spawn("a", wait_and_say(event_, "a", Deadline::never(), said_));
  context_.poll();
  event_->notify();
  event_.reset();
  run_until_idle(scope);
  EXPECT_EQ(said_->back(), "a: woken");
}

TEST_F(TaskTest, CancelStopsOneTask) {
  TaskScope scope(context_.get_executor(), "test");
  const auto first = scope.spawn("a", wait_and_say(event_, "a", Deadline::never(), said_));
  scope.spawn("b", wait_and_say(event_, "b", Deadline::never(), said_));
  context_.poll();
  EXPECT_EQ(scope.running(), 2U);
  scope.cancel(first);
  while (scope.running() > 1 && context_.run_one() > 0) {
  }
  EXPECT_EQ(*said_, std::vector<std::string>{"a: wait: canceled (canceled)"});
  event_->notify();
  run_until_idle(scope);
  EXPECT_EQ(said_->back(), "b: woken");
}

TEST_F(TaskTest, ATaskThatIsSpawnedIntoACanceledScopeStopsAtOnce) {
  TaskScope scope(context_.get_executor(), "test");
  scope.cancel_all();
  scope.spawn("a", wait_and_say(event_, "a", Deadline::never(), said_));
  run_until_idle(scope);
  EXPECT_EQ(*said_, std::vector<std::string>{"a: wait: canceled (canceled)"});
}

TEST_F(TaskTest, CleanUpRunsAfterCancellation) {
  TaskScope scope(context_.get_executor(), "test");
  scope.spawn("a", clean_up_after_cancel(event_, said_));
  context_.poll();
  scope.cancel_all();
  run_until_idle(scope);
  EXPECT_EQ(*said_, (std::vector<std::string>{"sleep: canceled", "cleaned up"}));
}

TEST_F(TaskTest, AnExceptionEndsItsTaskOnly) {
  TaskScope scope(context_.get_executor(), "test");
  testing::internal::CaptureStderr();
  scope.spawn("bad", throw_something());
  scope.spawn("good", wait_and_say(event_, "good", Deadline::after(1ms), said_));
  run_until_idle(scope);
  EXPECT_TRUE(testing::internal::GetCapturedStderr().contains("task test/bad: exception: a bug"));
  EXPECT_EQ(said_->size(), 1U);
}

Task<> join_scope(std::shared_ptr<TaskScope> scope, Words said) {
  co_await scope->join();
  said->push_back("joined");
  co_return ok();
}

TEST_F(TaskTest, JoinWaitsForTheLastTask) {
  auto inner = std::make_shared<TaskScope>(context_.get_executor(), "inner");
  TaskScope outer(context_.get_executor(), "outer");
  inner->spawn("a", wait_and_say(event_, "a", Deadline::never(), said_));
  outer.spawn("join", join_scope(inner, said_));
  context_.poll();
  EXPECT_TRUE(said_->empty());
  event_->notify();
  run_until_idle(outer);
  EXPECT_EQ(*said_, (std::vector<std::string>{"a: woken", "joined"}));
}

TEST_F(TaskTest, JoinGoesOnWaitingWhenItIsCanceledItself) {
  auto inner = std::make_shared<TaskScope>(context_.get_executor(), "inner");
  TaskScope outer(context_.get_executor(), "outer");
  inner->spawn("a", wait_and_say(event_, "a", Deadline::never(), said_));
  outer.spawn("join", join_scope(inner, said_));
  context_.poll();
  outer.cancel_all();
  context_.poll();
  EXPECT_EQ(outer.running(), 1U);
  inner->cancel_all();
  run_until_idle(outer);
  EXPECT_EQ(said_->back(), "joined");
}

}  // namespace
}  // namespace hilltop
