// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drivers/core/env.hpp"
#include "drivers/core/process.hpp"
#include "drivers/core/socket_pipe.hpp"
#include "drivers/probe/target_memory.hpp"
#include "drivers/probe/turn.hpp"
#include "drivers/protocol/openocd_tcl.hpp"

namespace hilltop::drivers {

/// One OpenOCD that is kept running for a board: started when it is first needed, and again after it died. Its users
/// take turns. Thread: of its executor. Lifetime: kept by shared_ptr; killed with its last owner.
class OpenOcdServer final : public TargetMemory, public std::enable_shared_from_this<OpenOcdServer> {
 public:
  struct Options {
    std::vector<std::string> program{"openocd"};  ///< with arguments of a launcher before it
    std::vector<std::string> config;              ///< -f, in order
    std::vector<std::string> commands;            ///< Tcl, after the configuration files
    std::string serial;                           ///< `adapter serial`
    std::string path;                             ///< `adapter usb location`: "1-1.4.2"
    std::optional<std::int64_t> speed_khz;
  };
  OpenOcdServer(Env env, Options options);
  ~OpenOcdServer() override;

  /// Runs commands in one turn, the first that fails ends it. Value: what the last one printed.
  /// Errors: unavailable (infrastructure) with OpenOCD's last lines when it cannot be started, does not find the probe
  /// or the target, or a command fails; timeout, canceled: then OpenOCD is ended, for its state is unknown.
  static Task<std::string> run(std::shared_ptr<OpenOcdServer> self, std::vector<std::string> commands,
                               Deadline deadline);
  /// The turn, for a sequence of ask()s.
  static Task<Turn::Held> take(std::shared_ptr<OpenOcdServer> self, Deadline deadline);
  /// One command, by who has the turn.
  static Task<std::string> ask(std::shared_ptr<OpenOcdServer> self, std::string command, Deadline deadline);

  Task<std::string> read(std::uint32_t address, std::uint32_t size, Deadline deadline) override;
  Task<> write(std::uint32_t address, std::string bytes, Deadline deadline) override;

  /// Where GDB finds it while it runs: "127.0.0.1:41233", "" otherwise.
  [[nodiscard]] std::string gdb_server() const;
  /// What OpenOCD said of the probe and the target when it began.
  [[nodiscard]] const std::string& greeting() const { return greeting_; }
  [[nodiscard]] bool running() const { return pipe_ != nullptr; }
  static Task<> stop(std::shared_ptr<OpenOcdServer> self, Deadline deadline);

 private:
  static Task<> start(std::shared_ptr<OpenOcdServer> self, Deadline deadline);
  static Task<> begin(std::shared_ptr<OpenOcdServer> self, Deadline deadline);
  static Task<openocd::Answer> exchange(std::shared_ptr<OpenOcdServer> self, std::string command, Deadline deadline);
  static Task<std::string> read_in_turn(std::shared_ptr<OpenOcdServer> self, std::uint32_t address, std::uint32_t size,
                                        Deadline deadline);
  static Task<> write_in_turn(std::shared_ptr<OpenOcdServer> self, std::uint32_t address, std::string bytes,
                              Deadline deadline);
  [[nodiscard]] std::vector<std::string> argv() const;
  [[nodiscard]] Error failed(std::string what, std::size_t from) const;
  void on_output(std::string_view piece);
  void on_bytes(std::string_view bytes);
  void end();

  Env env_;
  Options options_;
  Turn turn_;
  Event changed_;
  std::string said_;  // the last 16 KiB of it; each answer is there too
  std::string greeting_;
  std::unique_ptr<Process> process_;
  openocd::ReplyReader reader_;
  std::deque<std::string> replies_;
  bool lost_ = false;
  std::unique_ptr<SocketPipe> pipe_;  // last: its handlers use the members above
};

}  // namespace hilltop::drivers
