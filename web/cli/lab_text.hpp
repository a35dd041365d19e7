// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "drivers/core/result.hpp"

namespace hilltop::cli {

/// The lab file `text` with the board `stanza` ("  NAME:\n    type: ...", indented by two) behind its last board.
/// Comments and the order of the file stay as they are. Errors: bad_input (configuration): it has no map `boards:`, or
/// its boards are written in a way (`boards: {...}` in one line) that has no place for a stanza.
[[nodiscard]] Result<std::string> with_board(const std::string& text, const std::string& stanza);

/// The name of the board in a stanza, "" where there is none.
[[nodiscard]] std::string board_in(const std::string& stanza);

}  // namespace hilltop::cli
