// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/power/unit/unit_desk.hpp"

namespace hilltop::drivers::unit {

/// One outlet of one unit.
struct Outlet {
  Env env;
  AddressPtr address;
  std::shared_ptr<PowerUnit> unit;
  std::string name;  ///< or number
  std::string key;   ///< the same, and what else says which one it is: a daemon has outlet 3 of several units
};
using OutletPtr = std::shared_ptr<const Outlet>;

/// Switches an outlet, and reads it back until the unit says so, where it can. What fails for a reason that may pass
/// is tried again: three times, a unit that somebody else talks to until the deadline.
/// Errors, each with the unit's name and place: mismatch (infrastructure) when it does not obey; timeout, unavailable,
/// protocol, denied, busy (infrastructure); configuration for an address that does not fit its model.
Task<> switch_outlet(OutletPtr outlet, PowerState wanted, Deadline deadline);

/// What the unit says; `unknown` where it cannot say, or while it is switching. Asked together with all others that
/// wait for their turn at the unit. Errors: as above.
Task<PowerState> read_outlet(OutletPtr outlet, Deadline deadline);

/// All requests of a model for an outlet, rendered: for listings and tests.
Result<std::vector<Request>> all_requests(const UnitModel& model, const Variables& variables);

}  // namespace hilltop::drivers::unit
