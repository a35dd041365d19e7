// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "drivers/core/task.hpp"

namespace hilltop::drivers {

/// The memory of a target that runs on while it is read and written. Thread: the worker's. Lifetime: kept by
/// shared_ptr while a call waits.
class TargetMemory {
 public:
  virtual ~TargetMemory() = default;
  // Any address and size. Errors: unavailable, timeout (infrastructure); io (dut) where the bus answers with a fault.
  virtual Task<std::string> read(std::uint32_t address, std::uint32_t size, Deadline deadline) = 0;
  virtual Task<> write(std::uint32_t address, std::string bytes, Deadline deadline) = 0;
};

}  // namespace hilltop::drivers
