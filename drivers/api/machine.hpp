// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "drivers/core/task.hpp"

namespace hilltop::drivers {

/// A generic emulated board whose machine is chosen by each job (board type `qemu`): takes the argument vector for its
/// next power-on. Boards with a fixed machine do not offer it.
class ConfigurableMachine {
 public:
  virtual ~ConfigurableMachine() = default;

  /// LAVA's context (arch, cpu, machine, memory, ...), scalars as text.
  struct Setup {
    std::map<std::string, std::string> context;
    std::vector<std::string> image_args;      ///< one string an image, file names already substituted
    std::vector<std::string> extra_options;
    std::string job_dir;                      ///< the only folder whose files the arguments may name
  };

  /// Checks and keeps the set-up for the next power-on.
  /// Errors: denied (job) for a machine or option that is not allowed, a path outside of job_dir, a host device or network;
  /// bad_input (job) for an unknown arch.
  virtual Result<> configure(Setup setup) = 0;
  /// Forgets it: the board cannot be powered until it is configured again.
  virtual void reset_configuration() = 0;
};

}  // namespace hilltop::drivers
