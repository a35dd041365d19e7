// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drivers/core/clock.hpp"
#include "drivers/core/task.hpp"

namespace hilltop::boards {

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

  /// Bytes [from, to) from memory or transcript, exact. Fewer when `to` is past the end.
  /// Errors: not_found when retention has deleted them; io (infrastructure).
  virtual Task<std::string> fetch(std::uint64_t from, std::uint64_t to, Deadline deadline) = 0;

  /// The offset of the first byte that was read at or after `time`.
  virtual Task<std::uint64_t> offset_at(UtcTime time) = 0;

  /// Types `bytes` as they are. Writers take turns: one write() ends before the next begins.
  /// Errors: mismatch (dut) when check_echo is on and the echo did not come; timeout (dut) when the line does not take
  /// the bytes; unavailable; canceled.
  virtual Task<> write(std::string bytes, Typing typing, Deadline deadline) = 0;

  /// Says that the board has lost power or died: readers that have read everything get `reason` until set_up().
  virtual void set_down(Error reason) = 0;
  virtual void set_up() = 0;
};

/// Counters of an engine, for /metrics.
struct ConsoleStats {
  std::uint64_t bytes = 0;             ///< received
  std::uint64_t journal_bytes = 0;     ///< written to the journal
  std::uint64_t gaps = 0;              ///< readers that lost their place
  std::uint64_t longest_write_us = 0;  ///< the slowest write to the journal so far
  std::size_t consoles = 0;
};

/// Reads all consoles on shard threads, stores every byte in the journal, and serves readers.
class ConsoleEngine {
 public:
  struct Options {
    std::filesystem::path dir;  ///< journal and segments
    std::size_t shards = 1;
    std::size_t window_bytes = 1 << 20;            ///< kept in memory for live readers, a console
    std::size_t pending_limit_bytes = 64 << 20;    ///< waiting for the disk; beyond it reading pauses
    std::size_t segment_bytes = 8 << 20;           ///< journal size at which it is sealed
    std::chrono::milliseconds sync_interval{100};  ///< between two fdatasync
  };

  /// Opens the store in `options.dir`; a torn tail is cut and said, nothing before it is lost.
  static Result<std::unique_ptr<ConsoleEngine>> open(Options options);
  virtual ~ConsoleEngine() = default;  ///< stops the shards; all that was read is written and synced

  /// Starts reading `fd` (non-blocking; stays the caller's, valid until close()) as the console `board`/`name`, whose
  /// offsets go on from its transcript. Errors: busy when it is open; io.
  virtual Result<std::shared_ptr<Console>> add(const std::string& board, const std::string& name, int fd) = 0;
  /// Stops reading; returns when the shard has let go of the descriptor. Readers get `unavailable`.
  virtual void close(const std::string& board, const std::string& name) = 0;
  [[nodiscard]] virtual std::shared_ptr<Console> find(const std::string& board, const std::string& name) const = 0;
  [[nodiscard]] virtual ConsoleStats stats() const = 0;
};

}  // namespace hilltop::boards
