// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "drivers/core/env.hpp"
#include "drivers/core/node.hpp"
#include "drivers/core/task.hpp"
#include "tests/drivers/temporary_dir.hpp"

namespace hilltop::tests {

/// Keeps what a task returned; the task itself is run by a scope.
template <class T>
Task<> keep_result(Task<T> task, std::optional<Result<T>>* out) {
  out->emplace(co_await std::move(task));
  co_return ok();
}

/// A worker's thread for one test: runs tasks to their end on an io_context of its own.
class Worker {
 public:
  Worker() : scope_(io.get_executor(), "test") {}
  ~Worker() {
    scope_.cancel_all();
    run_until([this] { return scope_.running() == 0; });
  }

  /// Runs `task` to its end; fails the test when that takes more than `limit`.
  template <class T>
  Result<T> run(Task<T> task, std::chrono::seconds limit = std::chrono::seconds(30)) {
    std::optional<Result<T>> out;
    scope_.spawn("task", keep_result(std::move(task), &out));
    if (!run_until([&] { return out.has_value(); }, limit)) {
      ADD_FAILURE() << "a task did not end";
      std::abort();  // it would write to `out` later
    }
    return std::move(*out);
  }

  /// Runs handlers until `condition` holds; false after `limit`.
  bool run_until(const std::function<bool()>& condition, std::chrono::seconds limit = std::chrono::seconds(30)) {
    const auto deadline = Deadline::after(limit);
    while (!condition()) {
      if (deadline.passed()) return false;
      io.restart();
      io.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
  }

  /// What arrives at `fd` until it ends with or holds `wanted`.
  std::string read_until(int fd, std::string_view wanted, std::chrono::seconds limit = std::chrono::seconds(20)) {
    std::string out;
    const auto arrived = [&] {
      std::array<char, 4096> buffer{};
      for (;;) {
        const auto n = ::read(fd, buffer.data(), buffer.size());
        if (n <= 0) break;
        out.append(buffer.data(), static_cast<std::size_t>(n));
      }
      return out.find(wanted) != std::string::npos;
    };
    EXPECT_TRUE(run_until(arrived, limit)) << "waited for '" << wanted << "', got '" << out << "'";
    return out;
  }

  boost::asio::io_context io{1};

 private:
  TaskScope scope_;
};

inline Node yaml(std::string_view text) {
  Diagnostics diagnostics;
  auto node = read_yaml(text, "test.yaml", diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.to_string();
  return node;
}

}  // namespace hilltop::tests
