// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "boards/console/console_state.hpp"
#include "boards/console/file.hpp"
#include "boards/console/journal_writer.hpp"
#include "boards/console/line_reader.hpp"
#include "boards/console/wall_clock.hpp"

namespace hilltop::boards {

/// One thread that reads the consoles that it was given: a read, a time stamp, into memory, on to the journal's writer.
/// Nothing on that path waits for a reader, another shard or the disk.
///
/// A line is read when it has bytes. Where many are busy (16), that would cost each of them a wake-up for every few
/// bytes: the busy ones are then swept, all at once, every 0.25 to 4 ms, with a plain read each. The others are still
/// read at once: a key's echo does not wait for a sweep.
///
/// Thread: public calls from any thread but the shard's own.
class Shard {
 public:
  Shard(const ConsoleEngine::Options& options, std::shared_ptr<Transcript> transcript, Sealer& sealer,
        JournalWriter::Counters& counters);
  ~Shard();  ///< stops reading, then writes and syncs everything
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  /// Errors: io.
  Result<> start();
  /// Starts reading `fd` for `state`; with `gap`, as the line that came back. Errors: io when the descriptor cannot be
  /// polled.
  Result<> add(std::shared_ptr<ConsoleState> state, int fd, bool gap = false);
  /// Lets go of the descriptor of `state`; returns when that is done.
  void remove(const std::shared_ptr<ConsoleState>& state);
  /// Puts what the port of `state` counted into the journal.
  void note(const std::shared_ptr<ConsoleState>& state, LineErrors errors);
  /// Looks after the jobs of `state`.
  void pump(std::shared_ptr<ConsoleState> state);

  [[nodiscard]] std::size_t pending_bytes() const { return writer_.pending_bytes(); }
  /// "epoll", "io_uring"; valid after start().
  [[nodiscard]] const std::string& engine() const { return engine_; }

 private:
  struct Port;
  using Command = std::function<void()>;
  using Steady = WallClock::Steady;

  // shard.cpp: the thread and its commands
  Result<> start_on_thread();
  void run();
  void poke() const;
  void post(Command command);
  void call(const Command& command);
  void run_commands();
  Result<> add_on_thread(const std::shared_ptr<ConsoleState>& state, int fd, bool gap);
  void remove_on_thread(const std::shared_ptr<ConsoleState>& state);
  void note(const Port& port, RecordKind kind, UtcTime time, UtcTime bound, std::uint32_t count = 0);
  void write_to(Port& port);
  void arm_output(Port& port, bool on);

  // shard_turn.cpp: what a turn of the thread is
  void turn();
  void wait_for_events();
  void take_events(int epoll, std::optional<std::chrono::microseconds> limit);
  void pause();
  void resume();
  void follow_clock();
  [[nodiscard]] UtcTime time_for(const Port& port) const;

  // shard_sweep.cpp: which lines are swept, and when
  void sweep_when_due();
  void sweep_some(std::size_t& at);
  void note_gap(Steady now);
  void set_interval();
  void regroup_when_due();
  void sweep_from_now_on(Port& port);
  void sweep_no_more(Port& port);
  void leave_sweep(Port& port);

  // shard_read.cpp: reading
  void read_lines();
  void let_go_of(Port& port);
  [[nodiscard]] std::span<char> room(std::uint32_t number);
  void take_all();
  void take(Port& port, std::size_t bytes, UtcTime now);
  void commit(Port& port);
  void end_line(Port& port, ssize_t got);

  ConsoleEngine::Options options_;
  std::shared_ptr<Transcript> transcript_;
  JournalWriter::Counters& counters_;
  std::shared_ptr<WallClock> clock_;
  std::string engine_;
  FileHandle wake_;     // eventfd
  FileHandle outputs_;  // epoll: descriptors that did not take all their bytes
  FileHandle inputs_;   // epoll: the reader of lines, wake_ and outputs_
  FileHandle paused_;   // epoll: wake_ and outputs_ only, while the disk is too slow

  // The thread's:
  std::unordered_map<std::uint32_t, std::unique_ptr<Port>> ports_;  // by console number
  std::unique_ptr<LineReader> reader_;                              // writes to the ports' blocks: goes first
  std::unique_ptr<SteadyUtc> utc_;
  std::shared_ptr<BlockPool> large_;    // blocks of busy consoles
  std::vector<LineRead> reads_;         // of this batch
  std::vector<PendingRecord> records_;  // of this batch, for the writer
  bool may_be_more_ = false;
  std::size_t largest_read_ = 0;  // of this turn
  bool reading_paused_ = false;

  std::vector<std::uint32_t> swept_;          // lines
  std::chrono::microseconds interval_{1000};  // between two sweeps
  Steady last_sweep_{};
  Steady stretch_begun_{};
  std::uint32_t stretch_ = 1;        // its number
  std::vector<std::uint32_t> busy_;  // lines that are not swept and had bytes often in this stretch
  Steady next_clock_check_{};
  Steady next_complaint_{};

  std::mutex mutex_;  // guards the next two
  std::vector<Command> commands_;
  bool stop_ = false;
  JournalWriter writer_;
  std::thread thread_;
};

}  // namespace hilltop::boards
