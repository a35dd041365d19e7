// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "boards/board_type.hpp"
#include "drivers/core/fields.hpp"

namespace hilltop::boards {

/// Reads the keys `loaders`, `boot_stages`, `prompts` and `rest_after_s` of a board type. Complaints go to `diagnostics`: what is
/// missing, patterns that do not compile, loaders that no boot method uses.
void read_boot_facts(Fields& fields, BoardType& type, Diagnostics& diagnostics);

}  // namespace hilltop::boards
