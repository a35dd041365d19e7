// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <mutex>

#include "boards/console/console_state.hpp"
#include "boards/console/shard.hpp"

namespace hilltop::boards {
namespace {

class Engine final : public ConsoleEngine {
 public:
  Engine(Options options, std::shared_ptr<Transcript> transcript)
      : options_(std::move(options)),
        transcript_(std::move(transcript)),
        lane_(std::make_shared<Lane>()),
        sealer_(transcript_) {}
  ~Engine() override;

  Result<> start();
  Result<std::shared_ptr<Console>> add(const std::string& board, const std::string& name, int fd) override;
  void close(const std::string& board, const std::string& name) override;
  std::shared_ptr<Console> find(const std::string& board, const std::string& name) const override;
  ConsoleStats stats() const override;

 private:
  struct Open {
    std::shared_ptr<ConsoleState> state;
    std::shared_ptr<Console> console;
    Shard* shard = nullptr;
  };
  void close(const Open& open);
  Shard& least_busy();

  Options options_;
  std::shared_ptr<Transcript> transcript_;
  std::shared_ptr<Lane> lane_;
  // Outlives the engine with the consoles that somebody still holds.
  std::shared_ptr<std::atomic<std::uint64_t>> gaps_ = std::make_shared<std::atomic<std::uint64_t>>(0);
  std::atomic<std::uint64_t> bytes_{0};
  JournalWriter::Counters counters_;
  Sealer sealer_;
  std::vector<std::unique_ptr<Shard>> shards_;
  mutable std::mutex mutex_;  // guards the next three
  std::map<ConsoleKey, Open> open_;
  std::map<ConsoleKey, std::uint64_t> ends_;  // of closed consoles: the transcript may be behind while the disk stalls
  std::uint32_t next_number_ = 1;
};

Result<> Engine::start() {
  for (auto& journal : transcript_->take_unsealed()) sealer_.seal(std::move(journal));
  for (std::size_t i = 0; i < std::max<std::size_t>(options_.shards, 1); ++i) {
    shards_.push_back(std::make_unique<Shard>(options_, transcript_, sealer_, counters_, bytes_));
    HILLTOP_CHECK(shards_.back()->start());
  }
  return ok();
}

Engine::~Engine() {
  std::map<ConsoleKey, Open> open;
  {
    const std::lock_guard lock(mutex_);
    open.swap(open_);
  }
  for (const auto& [key, one] : open) close(one);
  shards_.clear();
  sealer_.stop();
  transcript_->release();
}

Shard& Engine::least_busy() {
  std::map<const Shard*, std::size_t> consoles;
  for (const auto& [key, one] : open_) ++consoles[one.shard];
  return **std::ranges::min_element(shards_, {}, [&](const auto& shard) { return consoles[shard.get()]; });
}

Result<std::shared_ptr<Console>> Engine::add(const std::string& board, const std::string& name, int fd) {
  const std::lock_guard lock(mutex_);
  const ConsoleKey key{board, name};
  auto& one = open_[key];
  if (one.state) {
    bool ended = false;
    {
      const std::lock_guard state_lock(one.state->mutex);
      ended = one.state->ended.has_value();
    }
    if (!ended) return Error(Errc::busy, Blame::infrastructure, board + "/" + name + ": the console is already open");
    HILLTOP_CHECK(one.shard->add(one.state, fd));
    return one.console;
  }
  const auto end = std::max(transcript_->end(key), ends_[key]);
  one.state =
      std::make_shared<ConsoleState>(key, next_number_++, end, options_.window_bytes, transcript_, lane_, gaps_);
  one.console = make_console(one.state);
  one.shard = &least_busy();
  if (auto added = one.shard->add(one.state, fd); !added) {
    open_.erase(key);
    return std::move(added).error();
  }
  return one.console;
}

void Engine::close(const std::string& board, const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto it = open_.find({board, name});
  if (it == open_.end()) return;
  close(it->second);
  ends_[it->first] = it->second.console->end();
  open_.erase(it);
}

void Engine::close(const Open& one) {
  one.shard->remove(one.state);
  const std::lock_guard lock(one.state->mutex);
  one.state->closed = Error(Errc::unavailable, Blame::infrastructure, one.state->title() + ": the console was closed");
  one.state->fail_jobs(*one.state->closed);
  one.state->readers.wake_all();
}

std::shared_ptr<Console> Engine::find(const std::string& board, const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto it = open_.find({board, name});
  return it == open_.end() ? nullptr : it->second.console;
}

ConsoleStats Engine::stats() const {
  const std::lock_guard lock(mutex_);
  return {.bytes = bytes_,
          .journal_bytes = counters_.journal_bytes,
          .gaps = *gaps_,
          .longest_write_us = counters_.longest_write_us,
          .consoles = open_.size()};
}

}  // namespace

void ConsoleState::fail_jobs(const Error& error) {
  for (const auto& job : jobs) {
    job->outcome = error;
    Waiter::wake(job->writer);
  }
  jobs.clear();
}

Result<std::unique_ptr<ConsoleEngine>> ConsoleEngine::open(Options options) {
  HILLTOP_TRY(auto transcript, Transcript::open(options.dir, Transcript::Mode::read_write));
  auto engine = std::make_unique<Engine>(std::move(options), std::move(transcript));
  HILLTOP_CHECK(engine->start());
  return std::unique_ptr<ConsoleEngine>(std::move(engine));
}

}  // namespace hilltop::boards
