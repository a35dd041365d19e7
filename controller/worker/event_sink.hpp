// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "controller/worker/worker_link.hpp"
#include "jobs/ports.hpp"

namespace hilltop::controller {

/// What a job reports, as events. Lines of its log travel in batches (20 ms or 64 KiB); a result or an action goes
/// behind the lines that came before it. Thread: the worker's.
class EventSink final : public jobs::ResultSink, public std::enable_shared_from_this<EventSink> {
 public:
  EventSink(asio::any_io_executor executor, std::uint64_t job, std::function<void(WorkerEvent)> emit);

  std::uint64_t log(jobs::LogLine line) override;
  void result(jobs::TestCase test_case) override;
  void action_started(std::string_view level, std::string_view name) override;
  void action_ended(std::string_view level, std::string_view name, bool ok, double duration_s) override;
  /// The last event of the job.
  void finished(jobs::Outcome outcome);

 private:
  void flush();
  void flush_soon();

  std::uint64_t job_;
  std::function<void(WorkerEvent)> emit_;
  asio::steady_timer timer_;
  std::uint64_t lines_ = 0;    // logged
  std::uint64_t flushed_ = 0;  // of them, told
  std::size_t batch_bytes_ = 0;
  std::vector<jobs::LogLine> batch_;
};

}  // namespace hilltop::controller
