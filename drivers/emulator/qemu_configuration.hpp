// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "drivers/api/machine.hpp"

namespace hilltop::drivers {

/// The program and arguments for a job's set-up: LAVA's context made into a command line, every word of the job's
/// checked. Errors: as ConfigurableMachine::configure.
Result<std::vector<std::string>> qemu_argv(const ConfigurableMachine::Setup& setup);

}  // namespace hilltop::drivers
