// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "boards/console/record.hpp"
#include "drivers/core/clock.hpp"
#include "drivers/core/task.hpp"

namespace hilltop::boards {

class Disk;
class Transcript;
class WallClock;

/// A piece of a console, exactly as received. `lost` > 0: the reader fell behind, and the `lost` bytes before `offset`
/// were skipped; they are in the transcript (fetch).
struct ConsoleChunk {
  std::uint64_t offset = 0;  ///< of bytes[0], in bytes since the console's first byte ever
  std::uint64_t lost = 0;
  UtcTime time;  ///< when the first of `bytes` was read from the line
  std::string bytes;
};

/// How a board likes to be typed to (from its board type).
struct Typing {
  std::chrono::milliseconds char_delay{0};  ///< between two characters
  bool check_echo = false;                  ///< wait for each chunk's echo, and type again what was lost
  std::size_t chunk = 16;                   ///< characters typed before the echo is awaited
};

/// One board's serial line: many readers by cursor, one writer, everything kept in the transcript.
/// Opened before power is applied, kept open across flashing, jobs and power cycles.
/// Thread: any. Waiting coroutines resume on their own executor.
class Console {
 public:
  virtual ~Console() = default;

  [[nodiscard]] virtual const std::string& board() const = 0;
  [[nodiscard]] virtual const std::string& name() const = 0;  ///< "main", "uart1", ...
  /// Offset after the last byte received.
  [[nodiscard]] virtual std::uint64_t end() const = 0;

  /// Live bytes from `from` on, at least one and at most `max`; waits for one. A reader that fell out of the window in
  /// memory gets `lost` > 0 and goes on with the oldest byte still there.
  /// Errors: timeout (infrastructure); canceled; what was given to set_down() once all bytes before it are read;
  /// unavailable when the console is closed.
  virtual Task<ConsoleChunk> read(std::uint64_t from, std::size_t max, Deadline deadline) = 0;

  /// The same without waiting: nothing when there are no bytes from `from` on in memory.
  [[nodiscard]] virtual std::optional<ConsoleChunk> read_now(std::uint64_t from, std::size_t max) const;

  /// Bytes [from, to) from memory or transcript, exact. Fewer when `to` is past the end.
  /// Errors: not_found when retention has deleted them; io (infrastructure).
  virtual Task<std::string> fetch(std::uint64_t from, std::uint64_t to, Deadline deadline) = 0;

  /// The offset of the first byte that was read at or after `time`.
  virtual Task<std::uint64_t> offset_at(UtcTime time) = 0;

  /// What else happened between these offsets (openings, gaps, line errors), in order. Errors: io.
  virtual Task<std::vector<ConsoleRecord>> records(std::uint64_t from, std::uint64_t to);

  /// Types `bytes` as they are. Writers take turns: one write() ends before the next begins.
  /// Errors: mismatch (dut) when check_echo is on and the echo did not come; timeout (dut) when the line does not take
  /// the bytes; unavailable; canceled.
  virtual Task<> write(std::string bytes, Typing typing, Deadline deadline) = 0;

  /// Says that the board has lost power or died: readers that have read everything get `reason` until set_up().
  virtual void set_down(Error reason) = 0;
  virtual void set_up() = 0;
};

/// What a serial port counted since it was last asked. Source: ioctl_tty(2) TIOCGICOUNT, linux/serial.h.
struct LineErrors {
  std::uint32_t overruns = 0;         ///< the port's own memory was full: bytes are lost
  std::uint32_t framing = 0;          ///< no stop bit where one should be
  std::uint32_t parity = 0;           ///< the parity bit disagrees
  std::uint32_t breaks = 0;           ///< the line was held low
  std::uint32_t buffer_overruns = 0;  ///< the kernel's memory was full: bytes are lost

  [[nodiscard]] bool any() const { return (overruns | framing | parity | breaks | buffer_overruns) != 0; }
  bool operator==(const LineErrors&) const = default;
};

/// Counters of an engine, for /metrics.
struct ConsoleStats {
  std::uint64_t bytes = 0;                 ///< received
  std::uint64_t reads = 0;                 ///< that brought bytes
  std::uint64_t records = 0;               ///< gaps, line errors and the like
  std::uint64_t journal_bytes = 0;         ///< written to the journal
  std::uint64_t stored_bytes = 0;          ///< journals and segments on disk
  std::uint64_t deleted_bytes = 0;         ///< segments deleted by retention
  std::uint64_t pending_bytes = 0;         ///< read, and not yet in the journal
  std::uint64_t gaps = 0;                  ///< readers that lost their place
  std::uint64_t pauses = 0;                ///< times that reading paused because the disk was too slow
  std::uint64_t longest_write_us = 0;      ///< the slowest write to the journal so far
  std::uint64_t longest_sync_us = 0;       ///< the slowest fdatasync so far
  std::uint64_t longest_sweep_gap_us = 0;  ///< the longest time that busy lines were not looked at
  std::uint64_t late_sweeps = 0;           ///< gaps of more than 20 ms: a UART may have overrun
  std::size_t lines_swept = 0;             ///< busy lines that are read by sweeps now
  std::size_t consoles = 0;
  std::string engine;  ///< "epoll", "io_uring"
};

/// What is kept of the transcripts. The oldest segments go first.
struct Retention {
  std::uint64_t quota_bytes = 20ULL << 30;       ///< of all consoles, as stored
  std::uint64_t board_quota_bytes = 1ULL << 30;  ///< of one board
  std::chrono::seconds keep = std::chrono::hours(24 * 30);
};

enum class ReadEngine : std::uint8_t { automatic, epoll, io_uring };

/// Reads all consoles on shard threads, stores every byte in the journal, and serves readers.
class ConsoleEngine {
 public:
  struct Options {
    std::filesystem::path dir;  ///< journal and segments
    std::size_t shards = 1;
    std::size_t window_bytes = 1 << 20;  ///< kept in memory for live readers, a console
    /// For the windows of all consoles together: with many, each has less, but never under 64 KiB.
    std::size_t window_budget_bytes = 64 << 20;
    /// Of a shard, waiting for the disk; beyond it reading pauses, and that is recorded.
    std::size_t pending_limit_bytes = 64 << 20;
    std::size_t segment_bytes = 8 << 20;          ///< journal size at which it is sealed
    std::chrono::milliseconds sync_interval{50};  ///< between two fdatasync
    ReadEngine engine = ReadEngine::automatic;
    Retention retention;
    std::shared_ptr<Disk> disk;        ///< nullptr: the real one
    std::shared_ptr<WallClock> clock;  ///< nullptr: the system's
  };

  /// Opens the store in `options.dir`; a torn tail is cut and said, nothing before it is lost.
  static Result<std::unique_ptr<ConsoleEngine>> open(Options options);
  virtual ~ConsoleEngine() = default;  ///< stops the shards; all that was read is written and synced

  /// Called on a shard's thread, once each time a line ends by itself. Must not block, nor call the engine: it posts.
  using OnEnded = std::function<void(const Error&)>;

  /// Starts reading `fd` (non-blocking; stays the caller's, valid until close()) as the console `board`/`name`, whose
  /// offsets go on from its transcript. With `on_ended` the line's end is a gap: readers and writers wait for
  /// replace(). Errors: busy when it is open; io.
  virtual Result<std::shared_ptr<Console>> add(const std::string& board, const std::string& name, int fd,
                                               OnEnded on_ended = {}) = 0;
  /// Reads an open console from `fd` from now on, with a `gap` record; the descriptor before is let go of when this
  /// returns. Errors: not_found; io.
  virtual Result<> replace(const std::string& board, const std::string& name, int fd) = 0;
  /// Records what the port of a console has counted, at its present end. A console that is not open has no port.
  virtual void note(const std::string& board, const std::string& name, LineErrors errors) = 0;
  /// Stops reading; returns when the shard has let go of the descriptor. Readers get `unavailable`.
  virtual void close(const std::string& board, const std::string& name) = 0;

  [[nodiscard]] virtual std::shared_ptr<Console> find(const std::string& board, const std::string& name) const = 0;
  [[nodiscard]] virtual ConsoleStats stats() const = 0;
  /// What is stored, for offline readers: exports and searches. Thread: any; its calls block.
  [[nodiscard]] virtual std::shared_ptr<const Transcript> transcript() const = 0;

  /// As a new lab file says.
  virtual void set_retention(Retention retention) = 0;
  /// What `board` says from now on is not deleted while the returned guard lives: a job needs it.
  [[nodiscard]] virtual std::shared_ptr<void> hold(const std::string& board) = 0;
};

}  // namespace hilltop::boards
