// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "drivers/core/task.hpp"

namespace hilltop::drivers {

enum class ResetKind : std::uint8_t {
  hard,  ///< the reset line (an emulator: the machine's reset)
  soft   ///< asked of the running system (SYSRESETREQ, ACPI, QMP system_reset)
};

/// Debug access to a board's cores (SWD, JTAG, an emulator's stub).
/// Thread: the worker's.
class Probe {
 public:
  virtual ~Probe() = default;
  /// Errors: unavailable (infrastructure), also when the board has no power.
  virtual Task<> reset(ResetKind kind, Deadline deadline) = 0;
};

}  // namespace hilltop::drivers
