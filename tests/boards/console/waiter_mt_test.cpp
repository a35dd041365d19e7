// SPDX-License-Identifier: Apache-2.0
#include "boards/console/waiter.hpp"

#include <thread>

#include "tests/boards/console/console_fixture.hpp"

namespace hilltop::boards {
namespace {

Task<> wait_and_count(std::shared_ptr<Waiter> waiter, std::size_t* woken) {
  HILLTOP_CO_CHECK(co_await Waiter::wait(waiter, Deadline::after(patience)));
  ++*woken;
  co_return ok();
}

TEST(WaiterTest, each_of_many_that_another_thread_wakes_is_woken_once) {
  constexpr std::size_t count = 1000;
  asio::io_context io;
  std::vector<std::shared_ptr<Waiter>> waiters;
  std::size_t woken = 0;
  TaskScope scope(io.get_executor(), "waiters");
  for (std::size_t i = 0; i < count; ++i) {
    waiters.push_back(std::make_shared<Waiter>(io.get_executor()));
    scope.spawn("waiter", wait_and_count(waiters.back(), &woken));
  }
  std::thread shard([&] {
    for (const auto& waiter : waiters) Waiter::wake(waiter);
  });
  io.run();
  shard.join();
  EXPECT_EQ(woken, count);
}

TEST(WaiterTest, may_be_woken_when_its_context_is_gone_or_goes) {
  std::vector<std::shared_ptr<Waiter>> waiters;
  {
    asio::io_context io;
    for (int i = 0; i < 3; ++i) waiters.push_back(std::make_shared<Waiter>(io.get_executor()));
    Waiter::wake(waiters[0]);  // nobody runs it
  }
  Waiter::wake(waiters[1]);
  const std::weak_ptr<Waiter> left = waiters[0];
  waiters.clear();
  EXPECT_TRUE(left.expired());  // what nobody took keeps nothing alive
}

}  // namespace
}  // namespace hilltop::boards
