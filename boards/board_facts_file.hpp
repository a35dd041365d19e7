// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "boards/board_type.hpp"
#include "drivers/core/fields.hpp"

/// The part of a board type's file that is about the board itself.
namespace hilltop::boards {

/// The keys whose facts may have a source of their own (`sources:`).
[[nodiscard]] const std::vector<std::string>& keys_with_source();

/// A level of `verified:`; unproven where none is said.
[[nodiscard]] drivers::Verified read_verified(Fields& fields);

/// The map `flash`.
[[nodiscard]] FlashFacts read_flash(const Node& map, Diagnostics& diagnostics);

/// The keys architecture, memory, usb, daplink_ids and sources.
void read_board_facts(Fields& fields, BoardType& type, Diagnostics& diagnostics);

}  // namespace hilltop::boards
