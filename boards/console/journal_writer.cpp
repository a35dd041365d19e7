// SPDX-License-Identifier: Apache-2.0
#include "boards/console/journal_writer.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <deque>

#include "drivers/core/log.hpp"

namespace hilltop::boards {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto gather_time = 2ms;                 // small reads of many consoles are written together
constexpr std::size_t gather_bytes = 256 * 1024;  // but not for longer than it takes to get this much
constexpr auto retry_time = 100ms;                // after a failed write
constexpr auto give_up_time = 5s;                 // when stopping with a broken disk
constexpr std::size_t batch_records = 4096;

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
    changed_.wait(lock, [this] { return stop_ || !queue_.empty(); });
    if (stop_) return;
    const auto journal = queue_.front();
    queue_.erase(queue_.begin());
    lock.unlock();
    // A journal that cannot be sealed now (no space) stays readable, and is sealed at the next start.
    if (auto sealed = transcript_->seal(journal); !sealed)
      log::error("sealing {}: {}", journal->path.string(), sealed.error().text);
    lock.lock();
  }
}

JournalWriter::JournalWriter(const ConsoleEngine::Options& options, std::shared_ptr<Transcript> transcript,
                             Sealer& sealer, Counters& counters, std::function<void()> on_room)
    : options_(options),
      transcript_(std::move(transcript)),
      sealer_(sealer),
      counters_(counters),
      on_room_(std::move(on_room)) {}

Result<> JournalWriter::start() {
  HILLTOP_TRY(journal_, transcript_->create_journal());
  writer_ = std::thread([this] { write_loop(); });
  syncer_ = std::thread([this] { sync_loop(); });
  return ok();
}

JournalWriter::~JournalWriter() {
  if (!writer_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  writer_.join();
  {
    const std::lock_guard lock(journal_mutex_);
    syncer_stop_ = true;
  }
  sync_changed_.notify_all();
  syncer_.join();
}

void JournalWriter::push(PendingRecord record) {
  const auto bytes = pending_bytes_.fetch_add(record.bytes.size()) + record.bytes.size();
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = queue_.empty();
    queue_.push_back(std::move(record));
  }
  if (first || bytes >= gather_bytes) changed_.notify_one();
}

bool JournalWriter::full() {
  if (pending_bytes_.load(std::memory_order_relaxed) <= options_.pending_limit_bytes) return false;
  const std::lock_guard lock(mutex_);
  reading_paused_ = pending_bytes_ > options_.pending_limit_bytes;  // under the lock: on_room cannot be missed
  return reading_paused_;
}

void JournalWriter::flush(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  hurry_ = true;
  changed_.notify_all();
  drained_.wait_for(lock, limit, [this] { return queue_.empty() && !writing_; });
  hurry_ = false;
}

void JournalWriter::write_loop() {
  std::vector<PendingRecord> batch;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stop_ || !queue_.empty(); });
      changed_.wait_for(lock, gather_time, [this] { return stop_ || hurry_ || pending_bytes_ >= gather_bytes; });
      if (queue_.empty() && stop_) return;
      batch.swap(queue_);
      writing_ = true;
    }
    if (!write_batch(batch)) return;
    batch.clear();
    bool room = false;
    {
      const std::lock_guard lock(mutex_);
      writing_ = false;
      if (queue_.empty()) drained_.notify_all();
      room = reading_paused_ && pending_bytes_ <= options_.pending_limit_bytes / 2;
      if (room) reading_paused_ = false;
    }
    if (room) on_room_();
  }
}

/// Headers and where the bytes are, of up to batch_records records, as writev takes them.
struct JournalWriter::Batch {
  std::deque<std::string> headers;  // stable addresses
  std::vector<iovec> pieces;
  std::vector<Transcript::Published> published;
  std::size_t bytes = 0;

  void add(std::string header, std::string_view payload) {
    headers.push_back(std::move(header));
    pieces.push_back({headers.back().data(), headers.back().size()});
    if (!payload.empty())
      pieces.push_back({const_cast<char*>(payload.data()), payload.size()});  // NOLINT: writev only reads
    bytes += headers.back().size() + payload.size();
  }
};

bool JournalWriter::write_batch(std::vector<PendingRecord>& records) {
  for (std::size_t at = 0; at < records.size();) {
    if (position_ >= options_.segment_bytes) roll_over();
    const auto salt = journal_->salt;
    Batch batch;
    const auto first = at;
    auto header_of = [&](RecordHeader header, std::string_view payload) {
      std::string out(record_header_bytes, '\0');
      header.sequence = sequence_++;
      header.length = static_cast<std::uint32_t>(payload.size());
      encode_record(header, payload, salt, out.data());
      return out;
    };
    for (; at < records.size() && at - first < batch_records && batch.bytes < gather_bytes; ++at) {
      const auto& r = records[at];
      if (named_.insert(r.console).second) {
        const auto name = r.key->board + '\0' + r.key->name;
        batch.add(
            header_of({.kind = RecordKind::console, .console = r.console, .time = r.mark.time, .bound = r.mark.bound},
                      name) +
                name,
            {});
      }
      auto header = header_of(
          {.kind = r.kind, .console = r.console, .offset = r.mark.offset, .time = r.mark.time, .bound = r.mark.bound},
          r.bytes);
      const auto position = position_ + batch.bytes + record_header_bytes;
      batch.published.push_back({r.key.get(), r.kind, {r.mark, static_cast<std::uint32_t>(r.bytes.size()), position}});
      batch.add(std::move(header), r.bytes);
    }
    if (!write_at("console journal", batch)) return false;
    transcript_->publish(journal_, batch.published);
    for (auto i = first; i < at; ++i) {
      records[i].written->store(records[i].mark.offset + records[i].bytes.size(), std::memory_order_release);
      pending_bytes_ -= records[i].bytes.size();
      records[i].block.reset();
    }
  }
  return true;
}

// Always at a known position: a write that failed half-way is written again over itself.
bool JournalWriter::write_at(const std::string& what, Batch& batch) {
  const auto begun = Clock::now();
  auto retry_until = Clock::time_point::max();
  std::size_t piece = 0;
  while (piece < batch.pieces.size()) {
    const auto count = static_cast<int>(std::min<std::size_t>(batch.pieces.size() - piece, IOV_MAX));
    auto n = ::pwritev(journal_->file.get(), &batch.pieces[piece], count, static_cast<off_t>(position_));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      log::error("{}: {}", what, system_error("write " + journal_->path.string(), n < 0 ? errno : ENOSPC).text);
      std::unique_lock lock(mutex_);
      if (stop_ && retry_until == Clock::time_point::max()) retry_until = Clock::now() + give_up_time;
      if (Clock::now() >= retry_until) return false;
      changed_.wait_for(lock, retry_time, [] { return false; });
      continue;
    }
    position_ += static_cast<std::uint64_t>(n);
    counters_.journal_bytes += static_cast<std::uint64_t>(n);
    for (auto left = static_cast<std::size_t>(n); left > 0;) {
      auto& p = batch.pieces[piece];
      const auto taken = std::min(left, p.iov_len);
      p.iov_base = static_cast<char*>(p.iov_base) + taken;
      p.iov_len -= taken;
      left -= taken;
      if (p.iov_len == 0) ++piece;
    }
  }
  const auto us =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun).count());
  for (auto seen = counters_.longest_write_us.load();
       us > seen && !counters_.longest_write_us.compare_exchange_weak(seen, us);) {
  }
  const std::lock_guard lock(journal_mutex_);
  dirty_ = true;
  return true;
}

// Goes on in the old journal while the next one is not ready.
void JournalWriter::roll_over() {
  std::shared_ptr<JournalFile> full;
  {
    const std::lock_guard lock(journal_mutex_);
    if (!spare_) return;
    full = std::exchange(journal_, std::exchange(spare_, nullptr));
    retired_.push_back(full);
    dirty_ = true;
  }
  sync_changed_.notify_all();
  sealer_.seal(std::move(full));  // its segments are synced before it is deleted
  position_ = journal_header_bytes;
  sequence_ = 0;
  named_.clear();
}

void JournalWriter::sync_loop() {
  std::unique_lock lock(journal_mutex_);
  for (;;) {
    if (!spare_ && !syncer_stop_ && Clock::now() >= spare_retry_) {
      lock.unlock();
      auto next = transcript_->create_journal();
      if (!next) log::error("console journal: {}", next.error().text);
      lock.lock();
      if (next) spare_ = *std::move(next);
      if (!next) spare_retry_ = Clock::now() + retry_time;
    }
    if (dirty_) {
      dirty_ = false;
      auto journals = std::exchange(retired_, {});
      journals.push_back(journal_);
      lock.unlock();
      for (const auto& journal : journals)
        if (::fdatasync(journal->file.get()) != 0)
          log::error("{}", system_error("sync " + journal->path.string(), errno).text);
      lock.lock();
    }
    if (syncer_stop_ && !dirty_) break;
    const auto next_sync = Clock::now() + options_.sync_interval;
    sync_changed_.wait_until(lock, next_sync,
                             [&] { return syncer_stop_ || (!spare_ && Clock::now() >= spare_retry_); });
  }
  if (spare_) ::unlink(spare_->path.c_str());  // never used
}

}  // namespace hilltop::boards
