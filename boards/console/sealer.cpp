// SPDX-License-Identifier: Apache-2.0
#include "boards/console/sealer.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "drivers/core/log.hpp"

namespace hilltop::boards {
namespace {

constexpr int niceness = 10;  // behind whatever boards and jobs need

}  // namespace

Sealer::Sealer(std::shared_ptr<Transcript> transcript, Received received, Options options)
    : transcript_(std::move(transcript)),
      received_(std::move(received)),
      options_(options),
      thread_([this] { run(); }) {}

Sealer::~Sealer() { stop(); }

void Sealer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Sealer::seal(std::shared_ptr<JournalFile> journal, std::uint64_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back({std::move(journal), bytes});
    queued_bytes_ += bytes;
  }
  changed_.notify_all();
}

void Sealer::measure_rate(Clock::time_point now) {
  const auto elapsed = std::chrono::duration<double>(now - measured_).count();
  if (now - measured_ < options_.rate_interval) return;
  const auto received = received_();
  busy_ = static_cast<double>(received - received_then_) > elapsed * static_cast<double>(options_.busy_bytes_a_second);
  received_then_ = received;
  measured_ = now;
}

bool Sealer::may_seal() const { return !queue_.empty() && (!busy_ || queued_bytes_ > options_.waiting_limit_bytes); }

void Sealer::run() {
  ::prctl(PR_SET_NAME, "sealer");
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);  // Linux: of this thread alone
  auto next_retention = Clock::now() + options_.retention_interval;
  std::unique_lock lock(mutex_);
  while (!stop_) {
    measure_rate(Clock::now());
    if (may_seal()) {
      seal_one(lock);
    } else if (Clock::now() >= next_retention) {  // what is too old goes, also when nothing new comes
      next_retention = Clock::now() + options_.retention_interval;
      lock.unlock();
      transcript_->apply_retention(utc_now());
      lock.lock();
    } else if (queue_.empty()) {
      changed_.wait_until(lock, next_retention, [this] { return stop_ || !queue_.empty(); });
    } else {
      changed_.wait_for(lock, options_.rate_interval, [this] { return stop_ || may_seal(); });
    }
  }
}

void Sealer::seal_one(std::unique_lock<std::mutex>& lock) {
  const auto [journal, bytes] = queue_.front();
  queue_.erase(queue_.begin());
  queued_bytes_ -= bytes;
  lock.unlock();
  // A journal that cannot be sealed now (no space) stays readable, and is sealed at the next start.
  if (auto sealed = transcript_->seal(journal); !sealed)
    log::error("sealing {}: {}", journal->path.string(), sealed.error().text);
  transcript_->apply_retention(utc_now());
  lock.lock();
}

}  // namespace hilltop::boards
