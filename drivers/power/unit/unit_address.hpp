// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/core/fields.hpp"
#include "drivers/power/unit/unit_session.hpp"

namespace hilltop::drivers::unit {

/// What a lab file says of one outlet.
struct OutletAddress {
  std::shared_ptr<UnitAddress> unit;  ///< nullptr where something is wrong
  std::string outlet;
  bool shared = false;
};

/// Reads the keys of an address for `model`, the key `model` apart. Complains of what is missing or wrong.
OutletAddress read_outlet_address(Fields& fields, std::shared_ptr<const UnitModel> model);

/// The model that the key `model` names: one that hilltop has, or a file of the lab's own (an absolute path).
/// Complains, and gives nullptr, where there is none.
std::shared_ptr<const UnitModel> read_model_name(Fields& fields);

}  // namespace hilltop::drivers::unit
