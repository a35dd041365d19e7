// SPDX-License-Identifier: Apache-2.0
#include "boards/console/journal_writer.hpp"

#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <deque>

#include "boards/console/little_endian.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::boards {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto gather_time = 8ms;                 // small reads of many consoles are written together
constexpr std::size_t gather_bytes = 256 * 1024;  // but not for longer than it takes to get this much
constexpr auto retry_time = 100ms;                // after a failed write
constexpr auto give_up_time = 5s;                 // when stopping with a broken disk
constexpr std::size_t batch_records = 4096;
constexpr auto complaint_interval = std::chrono::seconds(10);  // a full disk is said now and then, not at each try
constexpr std::size_t consoles_a_share = 16;
constexpr std::size_t most_shares = 16;
constexpr std::size_t pieces_a_record = 2;  // its header, its bytes

/// With many consoles a journal of the usual size would become as many tiny segments.
std::uint64_t size_to_seal(std::uint64_t usual, std::size_t consoles) {
  return usual * std::clamp<std::size_t>(consoles / consoles_a_share, 1, most_shares);
}

std::uint64_t us_since(Clock::time_point begun) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun).count());
}

}  // namespace

JournalWriter::JournalWriter(const ConsoleEngine::Options& options, std::shared_ptr<Transcript> transcript,
                             Sealer& sealer, Counters& counters, std::function<void()> on_room)
    : options_(options),
      disk_(options.disk ? options.disk : std::make_shared<Disk>()),
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

void JournalWriter::Counters::raise(std::atomic<std::uint64_t>& longest, std::uint64_t us) {
  for (auto seen = longest.load(); us > seen && !longest.compare_exchange_weak(seen, us);) {
  }
}

void JournalWriter::push(PendingRecord record) {
  std::vector<PendingRecord> one;
  one.push_back(std::move(record));
  push(one);
}

void JournalWriter::push(std::vector<PendingRecord>& records) {
  if (records.empty()) return;
  std::size_t weight = 0;
  for (const auto& record : records) weight += record.weight();
  const auto pending = pending_bytes_.fetch_add(weight) + weight;
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = queue_.empty();
    queue_.insert(queue_.end(), std::make_move_iterator(records.begin()), std::make_move_iterator(records.end()));
  }
  records.clear();
  if (first || (pending >= gather_bytes && pending - weight < gather_bytes)) changed_.notify_one();
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
  ::prctl(PR_SET_NAME, "journal");
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
  Batch() {
    headers.reserve(batch_records * record_header_bytes);
    pieces.reserve(batch_records * pieces_a_record);
    published.reserve(batch_records);
  }
  std::vector<char> headers;       // never more than reserved: pieces point into it
  std::deque<std::string> extras;  // payloads that are no console's bytes
  std::vector<iovec> pieces;
  std::vector<Transcript::Published> published;
  std::size_t bytes = 0;

  [[nodiscard]] bool full() const {
    return headers.size() + 2 * record_header_bytes > headers.capacity() || bytes >= gather_bytes;
  }
  void add(const RecordHeader& header, std::string_view payload, std::uint64_t salt) {
    const auto at = headers.size();
    headers.resize(at + record_header_bytes);
    encode_record(header, payload, salt, headers.data() + at);
    pieces.push_back({headers.data() + at, record_header_bytes});
    if (!payload.empty())
      pieces.push_back({const_cast<char*>(payload.data()), payload.size()});  // NOLINT: writev only reads
    bytes += record_header_bytes + payload.size();
  }
};

void JournalWriter::add_to(Batch& batch, const PendingRecord& record) {
  auto put = [&](RecordKind kind, std::uint64_t offset, std::string_view payload) {
    batch.add({.kind = kind,
               .console = record.log->number,
               .length = static_cast<std::uint32_t>(payload.size()),
               .sequence = sequence_++,
               .offset = offset,
               .time = record.mark.time,
               .bound = record.mark.bound},
              payload, journal_->salt);
  };
  const auto& key = record.log->key;
  if (named_.insert(record.log->number).second)
    put(RecordKind::console, 0, batch.extras.emplace_back(key.board + '\0' + key.name));
  auto payload = record.bytes;
  if (record.count > 0) {
    auto& count = batch.extras.emplace_back(sizeof record.count, '\0');
    put_le(count.data(), record.count);
    payload = count;
  }
  const auto position = position_ + batch.bytes + record_header_bytes;
  put(record.kind, record.mark.offset, payload);
  batch.published.push_back({&key,
                             record.log->number,
                             record.kind,
                             {record.mark, static_cast<std::uint32_t>(record.bytes.size()), position},
                             record.count});
}

bool JournalWriter::write_batch(std::vector<PendingRecord>& records) {
  Batch batch;
  for (std::size_t at = 0; at < records.size();) {
    if (position_ >= size_to_seal(options_.segment_bytes, named_.size())) roll_over();
    batch.headers.clear();
    batch.extras.clear();
    batch.pieces.clear();
    batch.published.clear();
    batch.bytes = 0;
    const auto first = at;
    for (; at < records.size() && !batch.full(); ++at) add_to(batch, records[at]);
    if (!write_at(batch)) return false;
    transcript_->publish(journal_, batch.published);
    std::size_t done = 0;
    for (auto i = first; i < at; ++i) {
      auto& record = records[i];
      if (record.kind == RecordKind::data)
        record.log->written.store(record.mark.offset + record.bytes.size(), std::memory_order_release);
      done += record.weight();
      record.block.reset();
    }
    pending_bytes_ -= done;
  }
  return true;
}

// False when it is time to give up.
bool JournalWriter::wait_to_retry(int error, Clock::time_point& until) {
  const auto now = Clock::now();
  if (now >= next_complaint_)
    log::error("console journal: {}", system_error("write " + journal_->path.string(), error).text);
  if (now >= next_complaint_) next_complaint_ = now + complaint_interval;
  std::unique_lock lock(mutex_);
  if (stop_ && until == Clock::time_point::max()) until = now + give_up_time;
  if (now >= until) return false;
  changed_.wait_for(lock, retry_time, [] { return false; });
  return true;
}

// Always at a known position: a write that failed half-way is written again over itself.
bool JournalWriter::write_at(Batch& batch) {
  const auto begun = Clock::now();
  auto retry_until = Clock::time_point::max();
  for (std::span<iovec> left = batch.pieces; !left.empty();) {
    const auto n =
        disk_->write(journal_->file.get(), left.first(std::min<std::size_t>(left.size(), IOV_MAX)), position_);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      if (!wait_to_retry(n < 0 ? errno : ENOSPC, retry_until)) return false;
      continue;
    }
    position_ += static_cast<std::uint64_t>(n);
    counters_.journal_bytes += static_cast<std::uint64_t>(n);
    for (auto taken = static_cast<std::size_t>(n); taken > 0 || (!left.empty() && left.front().iov_len == 0);) {
      auto& piece = left.front();
      const auto part = std::min(taken, piece.iov_len);
      piece.iov_base = static_cast<char*>(piece.iov_base) + part;
      piece.iov_len -= part;
      taken -= part;
      if (piece.iov_len == 0) left = left.subspan(1);
    }
  }
  Counters::raise(counters_.longest_write_us, us_since(begun));
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
  sealer_.seal(std::move(full), position_);  // its segments are synced before it is deleted
  position_ = journal_header_bytes;
  sequence_ = 0;
  named_.clear();
}

void JournalWriter::sync(const JournalFile& journal) {
  const auto begun = Clock::now();
  if (disk_->sync(journal.file.get()) != 0) {
    log::error("{}", system_error("sync " + journal.path.string(), errno).text);
    const std::lock_guard lock(journal_mutex_);
    dirty_ = !syncer_stop_;  // asked again
  }
  Counters::raise(counters_.longest_sync_us, us_since(begun));
}

void JournalWriter::sync_loop() {
  ::prctl(PR_SET_NAME, "sync");
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
      for (const auto& journal : journals) sync(*journal);
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
