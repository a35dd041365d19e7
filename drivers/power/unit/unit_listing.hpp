// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace hilltop::drivers::unit {

/// The models of power units, for people: each with its shape, outlets, what it wants, whether it is read back, how
/// well it is known and where from, and its quirks.
[[nodiscard]] std::string list_units();

}  // namespace hilltop::drivers::unit
