// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/core/process.hpp"

namespace hilltop::process {

/// A child that has become its program. The caller owns it: reaps it and closes the descriptors.
struct Spawned {
  int pid = -1;
  int pidfd = -1;
  int output = -1;  ///< non-blocking read end of its standard output and error, or -1
};

/// Starts `command` in a process group of its own, with standard input from /dev/null, output to a pipe (or /dev/null
/// unless `wants_output`), default signal handling, and no descriptor of ours but `pass_fds`.
/// The child is killed when the THREAD that called this ends: call from threads that live as long as the daemon.
/// Errors: not_found (configuration) when the program or the folder is missing; bad_input (bug) for an empty command;
/// denied (configuration); io (infrastructure).
/// Source: prctl(2) PR_SET_PDEATHSIG, close_range(2), pidfd_open(2), signal-safety(7).
[[nodiscard]] Result<Spawned> spawn(const Command& command, bool wants_output);

}  // namespace hilltop::process
