// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "boards/console/transcript.hpp"

namespace hilltop::boards {

/// Seals journals on a thread of its own, and deletes what is too old. Sealing is half of what a stored byte costs, and
/// can wait: while much comes in it does, until the journals that wait take `waiting_limit_bytes`.
/// Thread: any.
class Sealer {
 public:
  struct Options {
    std::uint64_t waiting_limit_bytes = 128 << 20;  ///< what a start after a crash has to read
    std::uint64_t busy_bytes_a_second = 2 << 20;    ///< received, of all consoles
    std::chrono::milliseconds rate_interval{250};   ///< over which that is measured
    std::chrono::minutes retention_interval{10};
  };
  /// `received` counts the bytes of all consoles.
  using Received = std::function<std::uint64_t()>;
  Sealer(std::shared_ptr<Transcript> transcript, Received received, Options options);
  ~Sealer();  ///< leaves what is queued to the next run
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;

  /// `bytes`: its size.
  void seal(std::shared_ptr<JournalFile> journal, std::uint64_t bytes);
  void stop();

 private:
  struct Waiting {
    std::shared_ptr<JournalFile> journal;
    std::uint64_t bytes = 0;
  };
  using Clock = std::chrono::steady_clock;

  void run();
  void measure_rate(Clock::time_point now);
  [[nodiscard]] bool may_seal() const;
  void seal_one(std::unique_lock<std::mutex>& lock);

  const std::shared_ptr<Transcript> transcript_;
  const Received received_;
  const Options options_;
  std::mutex mutex_;  // guards the next four
  std::condition_variable changed_;
  std::vector<Waiting> queue_;
  std::uint64_t queued_bytes_ = 0;
  bool stop_ = false;
  Clock::time_point measured_;  // the thread's, as the next two
  std::uint64_t received_then_ = 0;
  bool busy_ = false;
  std::thread thread_;
};

}  // namespace hilltop::boards
