// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <compare>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "boards/console/console.hpp"
#include "boards/console/file.hpp"
#include "boards/console/segment.hpp"

namespace hilltop::boards {

/// Which console: its board and its name.
struct ConsoleKey {
  std::string board;
  std::string name;
  auto operator<=>(const ConsoleKey&) const = default;
};

/// One journal on disk, open for reading (and for writing while it grows).
struct JournalFile {
  std::filesystem::path path;
  FileHandle file;
  std::uint64_t number = 0;
  std::uint64_t salt = 0;
};

/// A record that is in a journal by now.
struct JournalEntry {
  TimeMark mark;
  std::uint32_t length = 0;
  std::uint64_t position = 0;  ///< of its bytes in the file
};

/// Everything that is stored of all consoles of a lab: journals and sealed segments in one folder.
///
/// Shape: `journal-<number>.htj`, and `segments/<board>/<console>/<first>-<end>-<journal>.zst`. A segment has its final
/// name only once it is complete and on disk, and a journal is deleted only after that: a crash at any point loses
/// nothing. Thread: any. Calls block on the disk: keep them off threads that may not.
class Transcript {
 public:
  enum class Mode : std::uint8_t {
    read_only,   ///< changes nothing on disk: for offline tools, also while a daemon writes
    read_write,  ///< one at a time; cuts a torn tail
  };
  /// Errors: io; busy (configuration) when another process has it open for writing.
  static Result<std::shared_ptr<Transcript>> open(std::filesystem::path dir, Mode mode,
                                                  std::shared_ptr<Disk> disk = nullptr);

  [[nodiscard]] std::vector<ConsoleKey> consoles() const;
  /// The offset after the last stored byte; 0 for a console that is not known.
  [[nodiscard]] std::uint64_t end(const ConsoleKey& key) const;
  /// When the last stored byte was read, or nothing.
  [[nodiscard]] std::optional<UtcTime> last_time(const ConsoleKey& key) const;
  /// Bytes [from, to), exact; fewer when `to` is past the end. Errors: not_found for bytes that are not there, which
  /// says what retention has deleted; io (infrastructure).
  [[nodiscard]] Result<std::string> fetch(const ConsoleKey& key, std::uint64_t from, std::uint64_t to) const;
  /// The offset of the first stored byte that was read at or after `time`, or nothing. Errors: io.
  [[nodiscard]] Result<std::optional<std::uint64_t>> offset_at(const ConsoleKey& key, UtcTime time) const;
  /// What else happened at offsets [from, to], in order: between a `closed` or `ended` (or a crash) and the next
  /// `opened` nobody listened. Errors: io.
  [[nodiscard]] Result<std::vector<TranscriptEvent>> events(const ConsoleKey& key, std::uint64_t from = 0,
                                                            std::uint64_t to = UINT64_MAX) const;

  /// The offset of the first byte that is still stored.
  [[nodiscard]] std::uint64_t first(const ConsoleKey& key) const;
  /// The offset of the first stored byte at or after `offset`; the end when there is none.
  [[nodiscard]] std::uint64_t next_stored(const ConsoleKey& key, std::uint64_t offset) const;
  /// When the bytes from `from` on were read, until `to` is reached or `limit` marks are found: in order, the first at
  /// or before `from`. Errors: io.
  [[nodiscard]] Result<std::vector<TimeMark>> marks(const ConsoleKey& key, std::uint64_t from, std::uint64_t to,
                                                    std::size_t limit) const;

  // Retention. A console's newest segment always stays: its offsets go on from there.

  void set_retention(Retention retention);
  /// What `board` says from now on stays while the guard lives.
  [[nodiscard]] std::shared_ptr<void> hold(const std::string& board);
  /// Deletes the oldest segments that are too many or too old at `now`; value: bytes freed.
  std::uint64_t apply_retention(UtcTime now);
  /// On disk: journals and segments; and deleted since open().
  [[nodiscard]] std::uint64_t stored_bytes() const;
  [[nodiscard]] std::uint64_t deleted_bytes() const { return deleted_; }

  // For the engine's writers.

  /// A new, empty journal with its header written. Errors: io.
  Result<std::shared_ptr<JournalFile>> create_journal();
  /// Makes records that are in `journal` findable.
  struct Published {
    const ConsoleKey* key = nullptr;
    std::uint32_t number = 0;  ///< of the console in this process; 0: none
    RecordKind kind = RecordKind::data;
    JournalEntry entry;
    std::uint32_t count = 0;  ///< of an event
  };
  void publish(const std::shared_ptr<JournalFile>& journal, std::span<const Published> records);
  /// Turns `journal`, to which nothing is appended any more, into segments, and deletes it. Errors: io; nothing is lost
  /// then.
  Result<> seal(const std::shared_ptr<JournalFile>& journal);
  /// Lets another process write; consoles that are still held can go on reading.
  void release() { lock_ = FileHandle(); }
  /// Journals left by an earlier run.
  [[nodiscard]] std::vector<std::shared_ptr<JournalFile>> take_unsealed();

 private:
  struct Part {  // what one journal holds of one console
    std::shared_ptr<JournalFile> journal;
    std::vector<JournalEntry> entries;
    std::vector<TranscriptEvent> events;
  };
  using SegmentName = std::tuple<std::uint64_t, std::uint64_t, std::string>;  // first, end, file
  struct Shelf {
    std::map<SegmentName, std::shared_ptr<const SegmentReader>> segments;
    std::vector<std::shared_ptr<Part>> parts;  // oldest first
    std::uint64_t end = 0;
    std::optional<UtcTime> last_time;
  };
  struct Source {  // where one run of bytes is
    std::shared_ptr<const SegmentReader> segment;
    std::shared_ptr<JournalFile> journal;
    std::uint64_t position = 0;  // in the journal
    std::uint64_t from = 0;
    std::uint64_t to = 0;
  };
  struct Sealed {
    ConsoleKey key;
    SegmentName name;
    std::filesystem::path temporary;
    std::filesystem::path final;
  };

  struct Hold {
    std::string board;
    std::map<ConsoleKey, std::uint64_t> from;  // consoles that are not in it are held as a whole
  };
  struct Candidate {
    ConsoleKey key;
    std::shared_ptr<const SegmentReader> segment;
  };

  Transcript(std::filesystem::path dir, Mode mode, std::shared_ptr<Disk> disk)
      : dir_(std::move(dir)), mode_(mode), disk_(std::move(disk)) {}
  Result<> load();
  Result<> load_segments();
  void load_segment(const ConsoleKey& key, const std::filesystem::path& file);
  Result<> load_journal(const std::filesystem::path& path, std::uint64_t number);
  Result<> index_journal(const std::shared_ptr<JournalFile>& journal, std::string_view bytes);
  [[nodiscard]] static std::shared_ptr<Part> part_of(Shelf& shelf, const std::shared_ptr<JournalFile>& journal);
  void add_record(const std::shared_ptr<JournalFile>& journal, const Published& record);
  [[nodiscard]] bool is_held(const ConsoleKey& key, const SegmentInfo& info) const;
  [[nodiscard]] std::vector<Candidate> deletable() const;
  void forget(const Candidate& gone);
  [[nodiscard]] std::uint64_t journal_bytes() const;
  [[nodiscard]] static std::uint64_t next_stored(const Shelf& shelf, std::uint64_t at);
  [[nodiscard]] Error missing(const ConsoleKey& key, const Shelf& shelf, std::uint64_t at) const;
  [[nodiscard]] Result<std::vector<Source>> sources(const ConsoleKey& key, std::uint64_t from, std::uint64_t to) const;
  [[nodiscard]] static std::optional<Source> source_at(const Shelf& shelf, std::uint64_t at);
  Result<Sealed> write_segment(const ConsoleKey& key, const Part& part, std::string_view journal,
                               SegmentPacker& packer);
  Result<> finish_segments(const std::vector<Sealed>& sealed, const std::shared_ptr<JournalFile>& journal);

  std::filesystem::path dir_;
  Mode mode_;
  const std::shared_ptr<Disk> disk_;
  FileHandle lock_;
  std::atomic<std::uint64_t> next_journal_{1};
  std::vector<std::shared_ptr<JournalFile>> unsealed_;
  std::atomic<std::uint64_t> deleted_{0};
  std::shared_ptr<std::mutex> holds_mutex_ = std::make_shared<std::mutex>();  // guards holds_, after mutex_
  std::shared_ptr<std::list<Hold>> holds_ = std::make_shared<std::list<Hold>>();
  mutable std::mutex mutex_;  // guards what follows
  Retention retention_;
  std::map<ConsoleKey, Shelf> shelves_;  // none is ever removed
  struct Place {
    Shelf* shelf = nullptr;
    std::shared_ptr<Part> part;
  };
  // Where a console's records go, by journal and console number: publish() looks names up once a journal.
  std::unordered_map<std::uint64_t, Place> places_;
};

}  // namespace hilltop::boards
