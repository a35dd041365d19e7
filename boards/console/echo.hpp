// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace hilltop::boards {

/// What an echo says of typed characters.
struct EchoState {
  std::size_t intact = 0;    ///< this many from the front came back in order
  std::size_t stranded = 0;  ///< and this many came back after one that did not: the board has them, in the wrong place
};

/// Looks for the echo of `typed` (printable ASCII) in `heard`, the console's bytes since typing began, with other
/// output anywhere in between. As a whole where it is there; otherwise character by character.
[[nodiscard]] EchoState find_echo(std::string_view typed, std::string_view heard);

/// How many characters from the front of `bytes` can be typed and have their echo checked together: printable ASCII, at
/// most `limit`. 0 when the first one has no predictable echo (a line end, a control character, UTF-8).
[[nodiscard]] std::size_t echoing_prefix(std::string_view bytes, std::size_t limit);

}  // namespace hilltop::boards
