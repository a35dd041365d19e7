// SPDX-License-Identifier: Apache-2.0
#include "controller/worker/event_sink.hpp"

#include "drivers/core/deadline.hpp"

namespace hilltop::controller {
namespace {

constexpr auto longest_wait = 20ms;
constexpr std::size_t largest_batch = 64 * 1024;

}  // namespace

EventSink::EventSink(asio::any_io_executor executor, std::uint64_t job, std::function<void(WorkerEvent)> emit)
    : job_(job), emit_(std::move(emit)), timer_(std::move(executor)) {}

std::uint64_t EventSink::log(jobs::LogLine line) {
  batch_bytes_ += line.text.size() + 64;
  batch_.push_back(std::move(line));
  if (batch_bytes_ >= largest_batch)
    flush();
  else if (batch_.size() == 1)
    flush_soon();
  return ++lines_;
}

void EventSink::flush_soon() {
  timer_.expires_after(longest_wait);
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code failed) {
    if (const auto self = weak.lock(); self && !failed) self->flush();
  });
}

void EventSink::flush() {
  timer_.cancel();
  if (batch_.empty()) return;
  JobLogged event;
  event.job = job_;

  event.first_line = flushed_ + 1;
  flushed_ += batch_.size();
  event.lines = std::exchange(batch_, {});
  batch_bytes_ = 0;
  emit_(std::move(event));
}

void EventSink::result(jobs::TestCase test_case) {
  flush();
  emit_(JobResult{job_, std::move(test_case)});
}

void EventSink::action_started(std::string_view level, std::string_view name) {
  flush();
  emit_(JobAction{job_, std::string(level), std::string(name), false, false, 0});
}

void EventSink::action_ended(std::string_view level, std::string_view name, bool ok, double duration_s) {
  flush();
  emit_(JobAction{job_, std::string(level), std::string(name), true, ok, duration_s});
}

void EventSink::finished(jobs::Outcome outcome) {
  flush();
  emit_(JobFinished{job_, std::move(outcome)});
}

}  // namespace hilltop::controller
