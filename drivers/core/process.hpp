// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "drivers/core/task.hpp"

namespace hilltop {

/// What to run: an argument vector (never a shell string).
struct Command {
  std::vector<std::string> argv;                       ///< argv[0] is looked up in PATH
  std::filesystem::path cwd;                           ///< "" = inherited
  std::vector<std::pair<int, int>> pass_fds;           ///< {ours, number in the child}; all others are closed
  std::vector<std::pair<std::string, std::string>> environment;  ///< added to the inherited one

  Command() = default;
  explicit Command(std::vector<std::string> a) : argv(std::move(a)) {}
  /// For logs: words quoted where needed.
  [[nodiscard]] std::string to_string() const;
};

/// A child process in a process group of its own. It dies with the daemon (PR_SET_PDEATHSIG) and with this object.
/// What is left of its group is killed when its leader ends. Standard input is /dev/null; so is output without a handler.
/// Thread: of its executor; start it from a thread that lives as long as the daemon (PR_SET_PDEATHSIG is tied to it). Source: prctl(2), pidfd_open(2).
class Process {
 public:
  /// Called with each piece of output (standard output and error together), on the executor.
  using OutputHandler = std::function<void(std::string_view)>;

  /// Starts `command`. Errors: not_found, denied (configuration) when the program or the folder is missing or may not be
  /// used; bad_input (bug) for an empty command; io (infrastructure).
  static Result<std::unique_ptr<Process>> start(asio::any_io_executor executor, Command command, OutputHandler on_output = {});

  virtual ~Process() = default;  ///< SIGKILLs the group where it still runs, and reaps it
  [[nodiscard]] virtual int pid() const = 0;
  [[nodiscard]] virtual bool running() const = 0;
  /// Waits for the end. Value: exit status, or 128 + signal. Errors: timeout, canceled.
  virtual Task<int> wait(Deadline deadline) = 0;
  /// Sends `signal` to the group.
  virtual void signal(int signal) = 0;
};

/// What a tool said and how it ended.
struct ToolOutput {
  int status = -1;
  std::string text;  ///< the last 64 KiB of its output
};

/// Runs a tool to its end; kills it at the deadline or on cancellation.
/// Errors: timeout (infrastructure), canceled, those of Process::start. A non-zero status is no error here.
Task<ToolOutput> run_tool(Command command, Deadline deadline, Process::OutputHandler on_output = {});

/// The same, and a non-zero status is an error (unavailable, infrastructure) with the last lines of output.
Task<ToolOutput> run_tool_checked(Command command, Deadline deadline, Process::OutputHandler on_output = {});

}  // namespace hilltop
