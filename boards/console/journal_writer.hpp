// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <vector>

#include "boards/console/console.hpp"
#include "boards/console/file.hpp"
#include "boards/console/sealer.hpp"
#include "boards/console/transcript.hpp"
#include "boards/console/window.hpp"

namespace hilltop::boards {

/// What a console's shard and the writer of its journal share.
struct ConsoleLog {
  ConsoleLog(ConsoleKey k, std::uint32_t n, std::uint64_t end) : key(std::move(k)), number(n), written(end) {}
  const ConsoleKey key;
  const std::uint32_t number;          ///< of the console in journals; never used twice by an engine
  std::atomic<std::uint64_t> written;  ///< the offset after the last byte that is in the file
};

/// What a shard hands to its journal for every read (or event) of a console.
struct PendingRecord {
  RecordKind kind = RecordKind::data;
  std::uint32_t count = 0;  ///< of an event
  std::shared_ptr<ConsoleLog> log;
  std::shared_ptr<const ByteBlock> block;  ///< keeps `bytes` alive
  std::string_view bytes;
  TimeMark mark;

  /// What it takes of the memory that may wait for the disk.
  [[nodiscard]] std::size_t weight() const { return bytes.size() + sizeof(PendingRecord) + sizeof(TimeMark); }
};

/// The journal of one shard: a thread that writes within a few milliseconds, and one that syncs.
/// Thread: push() the shard's; the rest any.
class JournalWriter {
 public:
  struct Counters {
    std::atomic<std::uint64_t> journal_bytes{0};
    std::atomic<std::uint64_t> longest_write_us{0};
    std::atomic<std::uint64_t> longest_sync_us{0};
    std::atomic<std::uint64_t> bytes{0};  ///< received
    std::atomic<std::uint64_t> reads{0};
    std::atomic<std::uint64_t> records{0};
    std::atomic<std::uint64_t> pauses{0};
    std::atomic<std::uint64_t> late_sweeps{0};
    std::atomic<std::uint64_t> longest_sweep_gap_us{0};
    std::atomic<std::size_t> lines_swept{0};
    /// Raises one of the "longest" to `us`.
    static void raise(std::atomic<std::uint64_t>& longest, std::uint64_t us);
  };
  /// `on_room` is called (on the writer's thread) when pending bytes fell below half of the limit after full() said
  /// true.
  JournalWriter(const ConsoleEngine::Options& options, std::shared_ptr<Transcript> transcript, Sealer& sealer,
                Counters& counters, std::function<void()> on_room);
  ~JournalWriter();  ///< writes and syncs what was pushed
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  /// Opens the first journal and starts. Errors: io.
  Result<> start();
  void push(PendingRecord record);
  /// All of them; `records` is empty afterwards.
  void push(std::vector<PendingRecord>& records);
  [[nodiscard]] std::size_t pending_bytes() const { return pending_bytes_; }
  /// Whether so much waits for the disk that reading has to pause; on_room will be called.
  [[nodiscard]] bool full();
  /// Waits until all that was pushed is in the file, at most `limit`.
  void flush(std::chrono::milliseconds limit);

 private:
  struct Batch;
  void write_loop();
  void sync_loop();
  bool write_batch(std::vector<PendingRecord>& batch);
  void add_to(Batch& batch, const PendingRecord& record);
  bool write_at(Batch& batch);
  bool wait_to_retry(int error, std::chrono::steady_clock::time_point& until);
  void sync(const JournalFile& journal);
  void roll_over();

  ConsoleEngine::Options options_;
  const std::shared_ptr<Disk> disk_;
  std::shared_ptr<Transcript> transcript_;
  Sealer& sealer_;
  Counters& counters_;
  std::function<void()> on_room_;

  std::mutex mutex_;  // guards the next seven
  std::condition_variable changed_;
  std::condition_variable drained_;
  std::vector<PendingRecord> queue_;
  bool writing_ = false;
  bool stop_ = false;
  bool hurry_ = false;  // somebody waits in flush()
  bool reading_paused_ = false;
  std::atomic<std::size_t> pending_bytes_{0};

  // Of the writer's thread.
  std::uint64_t position_ = journal_header_bytes;
  std::uint64_t sequence_ = 0;
  std::chrono::steady_clock::time_point next_complaint_;
  std::unordered_set<std::uint32_t> named_;  // consoles whose name is in the journal

  std::mutex journal_mutex_;  // guards the next six between writer and syncer
  std::condition_variable sync_changed_;
  std::shared_ptr<JournalFile> journal_;
  std::shared_ptr<JournalFile> spare_;  // the next one, made ahead: that waits for the disk, which the writer may not
  std::vector<std::shared_ptr<JournalFile>> retired_;  // rolled over, perhaps not synced
  bool dirty_ = false;
  bool syncer_stop_ = false;
  std::chrono::steady_clock::time_point spare_retry_;  // the syncer's: a full disk is not asked again at once

  std::thread writer_;
  std::thread syncer_;
};

}  // namespace hilltop::boards
