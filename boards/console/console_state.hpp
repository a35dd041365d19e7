// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "boards/console/console.hpp"
#include "boards/console/journal_writer.hpp"
#include "boards/console/transcript.hpp"
#include "boards/console/waiter.hpp"
#include "boards/console/window.hpp"
#include "drivers/core/lane.hpp"

namespace hilltop::boards {

class Shard;

/// Bytes on their way to a board. Guarded by the console's lock, but for `bytes`, which never changes.
struct WriteJob {
  WriteJob(std::string b, std::shared_ptr<Waiter> w) : bytes(std::move(b)), writer(std::move(w)) {}
  const std::string bytes;
  std::shared_ptr<Waiter> writer;  ///< woken when it is over
  std::size_t done = 0;
  bool canceled = false;  ///< the shard takes no further byte of it
  std::optional<Result<>> outcome;
};

/// One coroutine's place in the queue of those that want to type.
struct WriteTurn {
  explicit WriteTurn(std::shared_ptr<Waiter> w) : waiter(std::move(w)) {}
  std::shared_ptr<Waiter> waiter;
  bool granted = false;  // under the console's lock
};

/// What a console's shard, its readers and its writers share. All members below `mutex` are guarded by it.
struct ConsoleState {
  ConsoleState(ConsoleKey k, std::uint32_t n, std::uint64_t end, std::shared_ptr<const std::atomic<std::size_t>> limit,
               std::shared_ptr<Transcript> t, std::shared_ptr<Lane> l,
               std::shared_ptr<std::atomic<std::uint64_t>> gap_counter)
      : log(std::make_shared<ConsoleLog>(std::move(k), n, end)),
        key(log->key),
        number(n),
        transcript(std::move(t)),
        lane(std::move(l)),
        window_limit(std::move(limit)),
        gaps(std::move(gap_counter)),
        window(end) {}

  const std::shared_ptr<ConsoleLog> log;
  const ConsoleKey& key;
  const std::uint32_t number;
  const std::shared_ptr<Transcript> transcript;
  const std::shared_ptr<Lane> lane;                                    ///< for reads of the disk
  const std::shared_ptr<const std::atomic<std::size_t>> window_limit;  ///< of every console of this engine
  const std::shared_ptr<std::atomic<std::uint64_t>> gaps;

  std::mutex mutex;
  Window window;
  WaitList readers;
  std::optional<Error> down;         ///< by set_down()
  std::optional<Error> ended;        ///< the line itself is over, until it is added again
  std::optional<Error> closed;       ///< for ever
  Shard* shard = nullptr;            ///< nullptr: no descriptor
  ConsoleEngine::OnEnded on_ended;   ///< somebody brings the line back: readers and writers wait for that
  std::optional<UtcTime> last_read;  ///< set when a descriptor is let go of
  std::deque<std::shared_ptr<WriteJob>> jobs;
  std::deque<std::shared_ptr<WriteTurn>> turns;  ///< the front one types

  [[nodiscard]] std::string title() const { return key.board + "/" + key.name; }
  /// Ends all writes with `error`.
  void fail_jobs(const Error& error);
};

// The operations of Console, as coroutines that own what they use.
Task<ConsoleChunk> read_console(std::shared_ptr<ConsoleState> state, std::uint64_t from, std::size_t max,
                                Deadline deadline);
Task<std::string> fetch_console(std::shared_ptr<ConsoleState> state, std::uint64_t from, std::uint64_t to,
                                Deadline deadline);
Task<std::uint64_t> console_offset_at(std::shared_ptr<ConsoleState> state, UtcTime time);
Task<std::vector<ConsoleRecord>> console_records(std::shared_ptr<ConsoleState> state, std::uint64_t from,
                                                 std::uint64_t to);
Task<> write_console(std::shared_ptr<ConsoleState> state, std::string bytes, Typing typing, Deadline deadline);

/// The Console of `state`.
std::shared_ptr<Console> make_console(std::shared_ptr<ConsoleState> state);

}  // namespace hilltop::boards
