// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "boards/console/console_state.hpp"
#include "boards/console/file.hpp"
#include "boards/console/journal_writer.hpp"

namespace hilltop::boards {

/// One thread that reads the consoles that it was given: a read, a time stamp, into memory, on to the journal's writer.
/// Nothing on that path waits for a reader, another shard or the disk.
/// Thread: public calls from any thread but the shard's own.
class Shard {
 public:
  Shard(const ConsoleEngine::Options& options, std::shared_ptr<Transcript> transcript, Sealer& sealer,
        JournalWriter::Counters& counters, std::atomic<std::uint64_t>& bytes);
  ~Shard();  ///< stops reading, then writes and syncs everything
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  /// Errors: io.
  Result<> start();
  /// Starts reading `fd` for `state`. Errors: io when the descriptor cannot be polled.
  Result<> add(std::shared_ptr<ConsoleState> state, int fd);
  /// Lets go of the descriptor of `state`; returns when that is done.
  void remove(const std::shared_ptr<ConsoleState>& state);
  /// Looks after the jobs of `state`.
  void pump(std::shared_ptr<ConsoleState> state);

 private:
  struct Port;
  using Command = std::function<void()>;

  void run();
  void poke() const;
  void post(Command command);
  void call(const Command& command);
  void run_commands();
  void wait_for_events();
  Result<> add_on_thread(const std::shared_ptr<ConsoleState>& state, int fd);
  void remove_on_thread(const std::shared_ptr<ConsoleState>& state);
  void read_from(Port& port, bool hung_up);
  void take(Port& port, std::size_t bytes);
  void end_line(Port& port, Error why);
  void write_to(Port& port);
  void arm_output(Port& port, bool on);
  void note(const Port& port, RecordKind kind, UtcTime time);

  ConsoleEngine::Options options_;
  std::shared_ptr<Transcript> transcript_;
  std::atomic<std::uint64_t>& bytes_;
  FileHandle wake_;     // eventfd
  FileHandle outputs_;  // epoll: descriptors that did not take all their bytes
  FileHandle inputs_;   // epoll: descriptors to read, wake_ and outputs_
  FileHandle paused_;   // epoll: wake_ and outputs_ only, while the disk is too slow
  std::unordered_map<std::uint32_t, std::unique_ptr<Port>> ports_;  // by console number; the thread's
  std::mutex mutex_;                                                // guards the next two
  std::vector<Command> commands_;
  bool stop_ = false;
  JournalWriter writer_;
  std::thread thread_;
};

}  // namespace hilltop::boards
