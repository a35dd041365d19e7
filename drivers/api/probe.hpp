// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "drivers/core/task.hpp"

namespace hilltop::drivers {

enum class ResetKind : std::uint8_t {
  hard,  ///< the reset line (an emulator: the machine's reset)
  soft   ///< asked of the running system (SYSRESETREQ, ACPI, QMP system_reset)
};

/// What a probe says of itself and of the board at its end.
struct ProbeIdentity {
  std::string name = {};      ///< "DAPLink CMSIS-DAP"
  std::string serial = {};    ///< the probe's own
  std::string firmware = {};  ///< its version
  std::string target = {};    ///< the core's or chip's identity, "dpidr 0x2ba01477, cpuid 0x410fc231"; "" without power
};

/// Debug access to a board's cores (SWD, JTAG, an emulator's stub).
/// Thread: the worker's.
class Probe {
 public:
  virtual ~Probe() = default;
  /// Errors: unavailable (infrastructure), also when the board has no power.
  virtual Task<> reset(ResetKind kind, Deadline deadline) = 0;

  // Errors of the rest: unsupported (configuration) where the probe cannot; unavailable, timeout (infrastructure).
  virtual Task<ProbeIdentity> identify(Deadline deadline);
  /// Stops the core, and lets it go on.
  virtual Task<> halt(Deadline deadline);
  virtual Task<> resume(Deadline deadline);
  /// Any address and size; the core may run. Errors too: io (dut) where the bus answers with a fault.
  virtual Task<std::string> read_memory(std::uint64_t address, std::size_t size, Deadline deadline);
};

}  // namespace hilltop::drivers
