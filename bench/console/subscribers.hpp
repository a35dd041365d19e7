// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "bench/console/stamp.hpp"
#include "boards/console/console.hpp"

namespace hilltop::bench {

/// One live reader of one console: notes how long the bytes took, and fetches what it missed.
struct Subscriber {
  explicit Subscriber(std::shared_ptr<boards::Console> c) : console(std::move(c)) {}
  const std::shared_ptr<boards::Console> console;
  std::atomic<std::uint64_t> at{0};  ///< has all bytes before
  std::uint64_t gaps = 0;
  std::uint64_t refetched = 0;
  StampReader stamps;
  std::vector<std::uint32_t> latencies;  ///< of live bytes, in microseconds
};

/// Readers on a thread of their own.
class Subscribers {
 public:
  /// The first `stopped` of them stand still until resume(). With a `frame`, a console that talks is read once in that
  /// time, as a live stream does; with 0 each byte as soon as it is there.
  Subscribers(const std::vector<std::shared_ptr<boards::Console>>& consoles, std::size_t stopped,
              std::chrono::milliseconds frame);
  ~Subscribers();
  Subscribers(const Subscribers&) = delete;
  Subscribers& operator=(const Subscribers&) = delete;

  void resume();
  /// Waits until all have read everything, and ends them. False: some had not after `limit`.
  bool finish(std::chrono::seconds limit);
  /// After finish().
  [[nodiscard]] nlohmann::json report() const;

 private:
  std::vector<std::shared_ptr<Subscriber>> all_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::unique_ptr<TaskScope> scope_;
  std::shared_ptr<Event> resumed_;
  std::thread thread_;
};

/// Types `count` keys into a console whose board echoes, one after the other; how long each took to come back.
std::vector<std::uint32_t> echo_latencies(std::shared_ptr<boards::Console> console, std::size_t count);

}  // namespace hilltop::bench
