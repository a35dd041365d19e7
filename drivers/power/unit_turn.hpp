// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "drivers/core/task.hpp"
#include "drivers/usb/usb_bus.hpp"

namespace hilltop::drivers {

/// A unit that several outlets share, and that does one thing at a time. Thread: the worker's.
struct SharedUnit {
  explicit SharedUnit(const asio::any_io_executor& executor) : free(executor) {}
  bool taken = false;
  Event free;
  std::shared_ptr<UsbHandle> kept;  ///< of a USB unit, claimed: for whose turn it is
};

/// The right to use a unit alone, until the last copy dies.
using UnitTurn = std::shared_ptr<SharedUnit>;

/// Waits for the turn at the unit called `name` ("usb 1-1.2"). One unit, one name, for all drivers of a worker.
/// Errors: busy (infrastructure) when others have it until `deadline`; canceled.
Task<UnitTurn> take_turn(std::string name, Deadline deadline);

}  // namespace hilltop::drivers
