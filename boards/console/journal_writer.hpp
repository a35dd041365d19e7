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
#include "boards/console/transcript.hpp"
#include "boards/console/window.hpp"

namespace hilltop::boards {

/// What a shard hands to its journal for every read (or event) of a console.
struct PendingRecord {
  RecordKind kind = RecordKind::data;
  std::uint32_t console = 0;
  std::shared_ptr<const ConsoleKey> key;
  std::shared_ptr<const ByteBlock> block;  ///< keeps `bytes` alive
  std::string_view bytes;
  TimeMark mark;
  std::shared_ptr<std::atomic<std::uint64_t>> written;  ///< set to the offset after `bytes` once they are in the file
};

/// Seals journals on a thread of its own.
class Sealer {
 public:
  explicit Sealer(std::shared_ptr<Transcript> transcript);
  ~Sealer();  ///< leaves what is queued to the next run
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;
  void seal(std::shared_ptr<JournalFile> journal);
  void stop();

 private:
  void run();
  std::shared_ptr<Transcript> transcript_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<JournalFile>> queue_;
  bool stop_ = false;
  std::thread thread_;
};

/// The journal of one shard: a thread that writes within a few milliseconds, and one that syncs.
/// Thread: push() the shard's; the rest any.
class JournalWriter {
 public:
  struct Counters {
    std::atomic<std::uint64_t> journal_bytes{0};
    std::atomic<std::uint64_t> longest_write_us{0};
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
  /// Whether so much waits for the disk that reading has to pause; on_room will be called.
  [[nodiscard]] bool full();
  /// Waits until all that was pushed is in the file, at most `limit`.
  void flush(std::chrono::milliseconds limit);

 private:
  struct Batch;
  void write_loop();
  void sync_loop();
  bool write_batch(std::vector<PendingRecord>& batch);
  bool write_at(const std::string& what, Batch& batch);
  void roll_over();

  ConsoleEngine::Options options_;
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
