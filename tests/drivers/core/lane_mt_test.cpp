// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/lane.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "tests/drivers/core/run_task.hpp"

namespace hilltop {
namespace {

struct Seen {
  std::thread::id home_before, lane, home_after;
};

Task<Seen> look_around(std::shared_ptr<Lane> lane) {
  Seen seen;
  seen.home_before = std::this_thread::get_id();
  seen.lane = co_await lane->run([] { return std::this_thread::get_id(); });
  seen.home_after = std::this_thread::get_id();
  co_return seen;
}

TEST(Lane, RunsTheCallOnItsThreadAndGoesOnAtHome) {
  asio::io_context context;
  const auto work = asio::make_work_guard(context);
  const auto seen = test::run_task(context, look_around(std::make_shared<Lane>()));
  ASSERT_TRUE(seen) << seen.error().text;
  EXPECT_EQ(seen->home_before, std::this_thread::get_id());
  EXPECT_EQ(seen->home_after, std::this_thread::get_id());
  EXPECT_NE(seen->lane, std::this_thread::get_id());
}

Task<std::vector<int>> count_in_order(std::shared_ptr<Lane> lane) {
  auto numbers = std::make_shared<std::vector<int>>();
  for (int i = 0; i < 100; ++i) lane->post([numbers, i] { numbers->push_back(i); });
  co_return co_await lane->run([numbers] { return *numbers; });
}

TEST(Lane, DoesItsWorkInOrder) {
  asio::io_context context;
  const auto work = asio::make_work_guard(context);
  const auto numbers = test::run_task(context, count_in_order(std::make_shared<Lane>()));
  ASSERT_TRUE(numbers) << numbers.error().text;
  ASSERT_EQ(numbers->size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ((*numbers)[static_cast<std::size_t>(i)], i);
}

TEST(Lane, AHungCallHoldsItsOwnLaneOnly) {
  asio::io_context context;
  const auto work = asio::make_work_guard(context);
  std::promise<void> release;
  auto hung = std::make_shared<Lane>();
  hung->post([held = release.get_future().share()] { held.wait(); });
  EXPECT_TRUE(test::run_task(context, look_around(std::make_shared<Lane>())));
  release.set_value();
}

Task<> count_up(std::shared_ptr<int> number) {
  ++*number;
  co_return ok();
}

TEST(TaskScope, TasksMayBeSpawnedFromAnyThread) {
  asio::io_context context;
  const auto work = asio::make_work_guard(context);
  TaskScope scope(context.get_executor(), "test");
  auto number = std::make_shared<int>(0);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 250; ++i) scope.spawn("count", count_up(number));
      });
  }
  while (scope.running() > 0) context.run_one();
  EXPECT_EQ(*number, 1000);
}

}  // namespace
}  // namespace hilltop
