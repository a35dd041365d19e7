// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "drivers/core/result.hpp"

namespace hilltop::drivers {

/// Switches a relay of an LCUS board, counted from 1. Shape: [a0][relay][0 or 1][sum of the three].
[[nodiscard]] std::string lcus_order(unsigned relay, bool on);
/// Asks for a relay's state; the answer is an order with it. Shape: [a0][relay][05][sum].
[[nodiscard]] std::string lcus_query(unsigned relay);
/// What the answer to the query (ff) says of a relay: a line "CH1: ON " each; nothing: not yet.
[[nodiscard]] std::optional<bool> read_lcus_state(std::string_view text, unsigned relay);

/// What Numato calls the relay `outlet` (from 1) of a module with so many: 0-9 and letters up to 32 relays, two digits
/// above. Source: Numato Lab's pages of its USB relay modules.
[[nodiscard]] std::string numato_name(unsigned outlet, unsigned relays);
/// What the answer to `relay read` says, echo and prompt included. Errors: protocol (infrastructure).
[[nodiscard]] Result<bool> read_numato_state(std::string_view answer);

}  // namespace hilltop::drivers
