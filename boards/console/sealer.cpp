// SPDX-License-Identifier: Apache-2.0
#include "boards/console/journal_writer.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::boards {
namespace {

constexpr auto retention_interval = std::chrono::minutes(10);

}  // namespace

Sealer::Sealer(std::shared_ptr<Transcript> transcript)
    : transcript_(std::move(transcript)), thread_([this] { run(); }) {}

Sealer::~Sealer() { stop(); }

void Sealer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Sealer::seal(std::shared_ptr<JournalFile> journal) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(journal));
  }
  changed_.notify_all();
}

void Sealer::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const bool woken = changed_.wait_for(lock, retention_interval, [this] { return stop_ || !queue_.empty(); });
    if (stop_) return;
    if (!woken) {  // what is too old goes, also when nothing new comes
      lock.unlock();
      transcript_->apply_retention(utc_now());
      lock.lock();
      continue;
    }
    const auto journal = queue_.front();
    queue_.erase(queue_.begin());
    lock.unlock();
    // A journal that cannot be sealed now (no space) stays readable, and is sealed at the next start.
    if (auto sealed = transcript_->seal(journal); !sealed)
      log::error("sealing {}: {}", journal->path.string(), sealed.error().text);
    transcript_->apply_retention(utc_now());
    lock.lock();
  }
}

}  // namespace hilltop::boards
