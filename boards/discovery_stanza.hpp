// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "boards/discovery.hpp"

namespace hilltop::boards {

/// Writes Finding::stanza: what a person would put into the lab file for a device that no board has: the board type
/// guessed best (or a line that asks for one), its console, the probe with its serial number, its hub's port as power.
void propose_stanzas(Discovery& discovery, const BoardTypes& types, const std::vector<BoardConfig>& boards);

}  // namespace hilltop::boards
