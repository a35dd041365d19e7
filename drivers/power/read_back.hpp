// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "drivers/api/power_port.hpp"

namespace hilltop::drivers {

/// Switches by `set` and asks by `get` until the unit agrees; a unit that says `unknown` is believed.
/// Errors: those of `set` and `get`; mismatch (infrastructure) when it disagrees at the deadline or after 5 s;
/// canceled.
Task<> switch_and_read_back(std::function<Task<>(bool on)> set, std::function<Task<PowerState>()> get,
                            PowerState wanted, Deadline deadline);

}  // namespace hilltop::drivers
