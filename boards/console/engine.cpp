// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <mutex>

#include "boards/console/console_state.hpp"
#include "boards/console/sealer.hpp"
#include "boards/console/shard.hpp"

namespace hilltop::boards {
namespace {

constexpr std::size_t smallest_window = 64 << 10;

class Engine final : public ConsoleEngine {
 public:
  Engine(Options options, std::shared_ptr<Transcript> transcript)
      : options_(std::move(options)),
        transcript_(std::move(transcript)),
        lane_(std::make_shared<Lane>()),
        sealer_(transcript_, [this] { return counters_.bytes.load(std::memory_order_relaxed); }, {}) {}
  ~Engine() override;

  Result<> start();
  Result<std::shared_ptr<Console>> add(const std::string& board, const std::string& name, int fd,
                                       OnEnded on_ended) override;
  Result<> replace(const std::string& board, const std::string& name, int fd) override;
  void note(const std::string& board, const std::string& name, LineErrors errors) override;
  void close(const std::string& board, const std::string& name) override;
  std::shared_ptr<Console> find(const std::string& board, const std::string& name) const override;
  ConsoleStats stats() const override;
  std::shared_ptr<const Transcript> transcript() const override { return transcript_; }
  void set_retention(Retention retention) override { transcript_->set_retention(retention); }
  std::shared_ptr<void> hold(const std::string& board) override { return transcript_->hold(board); }

 private:
  struct Open {
    std::shared_ptr<ConsoleState> state;
    std::shared_ptr<Console> console;
    Shard* shard = nullptr;
  };
  void close(const Open& open);
  Shard& least_busy();
  void share_windows();

  Options options_;
  std::shared_ptr<Transcript> transcript_;
  std::shared_ptr<Lane> lane_;
  // Outlives the engine with the consoles that somebody still holds.
  std::shared_ptr<std::atomic<std::uint64_t>> gaps_ = std::make_shared<std::atomic<std::uint64_t>>(0);
  std::shared_ptr<std::atomic<std::size_t>> window_limit_ = std::make_shared<std::atomic<std::size_t>>(0);
  JournalWriter::Counters counters_;
  Sealer sealer_;
  std::vector<std::unique_ptr<Shard>> shards_;
  mutable std::mutex mutex_;  // guards the next three
  std::map<ConsoleKey, Open> open_;
  std::map<ConsoleKey, std::uint64_t> ends_;  // of closed consoles: the transcript may be behind while the disk stalls
  std::uint32_t next_number_ = 1;
};

Result<> Engine::start() {
  share_windows();
  transcript_->set_retention(options_.retention);
  for (auto& journal : transcript_->take_unsealed()) {
    std::error_code gone;
    const auto bytes = std::filesystem::file_size(journal->path, gone);
    sealer_.seal(std::move(journal), gone ? 0 : bytes);
  }
  for (std::size_t i = 0; i < std::max<std::size_t>(options_.shards, 1); ++i) {
    shards_.push_back(std::make_unique<Shard>(options_, transcript_, sealer_, counters_));
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

Result<> Engine::replace(const std::string& board, const std::string& name, int fd) {
  const std::lock_guard lock(mutex_);
  const auto it = open_.find({board, name});
  if (it == open_.end())
    return Error(Errc::not_found, Blame::infrastructure, board + "/" + name + ": the console is not open");
  return it->second.shard->add(it->second.state, fd, true);
}

void Engine::note(const std::string& board, const std::string& name, LineErrors errors) {
  const std::lock_guard lock(mutex_);
  const auto it = open_.find({board, name});
  if (it != open_.end() && errors.any()) it->second.shard->note(it->second.state, errors);
}

Result<std::shared_ptr<Console>> Engine::add(const std::string& board, const std::string& name, int fd,
                                             OnEnded on_ended) {
  const std::lock_guard lock(mutex_);
  const ConsoleKey key{board, name};
  auto& one = open_[key];
  if (one.state) {
    bool ended = false;
    {
      const std::lock_guard state_lock(one.state->mutex);
      ended = one.state->ended.has_value();
      if (ended) one.state->on_ended = std::move(on_ended);
    }
    if (!ended) return Error(Errc::busy, Blame::infrastructure, board + "/" + name + ": the console is already open");
    HILLTOP_CHECK(one.shard->add(one.state, fd));
    return one.console;
  }
  const auto end = std::max(transcript_->end(key), ends_[key]);
  one.state = std::make_shared<ConsoleState>(key, next_number_++, end, window_limit_, transcript_, lane_, gaps_);
  one.state->on_ended = std::move(on_ended);
  one.console = make_console(one.state);
  one.shard = &least_busy();
  if (auto added = one.shard->add(one.state, fd); !added) {
    open_.erase(key);
    return std::move(added).error();
  }
  share_windows();
  return one.console;
}

void Engine::close(const std::string& board, const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto it = open_.find({board, name});
  if (it == open_.end()) return;
  close(it->second);
  ends_[it->first] = it->second.console->end();
  open_.erase(it);
  share_windows();
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

// With many consoles each keeps less in memory: what a reader misses is in the transcript.
void Engine::share_windows() {
  const auto share = options_.window_budget_bytes / std::max<std::size_t>(open_.size(), 1);
  window_limit_->store(std::min(options_.window_bytes, std::max(share, smallest_window)));
}

ConsoleStats Engine::stats() const {
  ConsoleStats out;
  out.stored_bytes = transcript_->stored_bytes();
  out.deleted_bytes = transcript_->deleted_bytes();
  const std::lock_guard lock(mutex_);
  out.bytes = counters_.bytes;
  out.reads = counters_.reads;
  out.records = counters_.records;
  out.journal_bytes = counters_.journal_bytes;
  for (const auto& shard : shards_) out.pending_bytes += shard->pending_bytes();
  out.gaps = *gaps_;
  out.pauses = counters_.pauses;
  out.longest_write_us = counters_.longest_write_us;
  out.longest_sync_us = counters_.longest_sync_us;
  out.longest_sweep_gap_us = counters_.longest_sweep_gap_us;
  out.late_sweeps = counters_.late_sweeps;
  out.lines_swept = counters_.lines_swept;
  out.consoles = open_.size();
  out.engine = shards_.empty() ? "" : shards_.front()->engine();
  return out;
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
  HILLTOP_TRY(auto transcript, Transcript::open(options.dir, Transcript::Mode::read_write, options.disk));
  auto engine = std::make_unique<Engine>(std::move(options), std::move(transcript));
  HILLTOP_CHECK(engine->start());
  return std::unique_ptr<ConsoleEngine>(std::move(engine));
}

}  // namespace hilltop::boards
