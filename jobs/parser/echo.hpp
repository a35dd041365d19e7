// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hilltop::jobs {

/// Where a board's echo of what was typed stands in what came since.
struct EchoSpan {
  enum class State : std::uint8_t {
    none,      ///< no echo in sight: the board does not echo, or has not yet
    maybe,     ///< the last bytes, [begin, end), could be the beginning of the echo
    open,      ///< the echo has begun, and is not whole (yet): [begin, end) is not the board's answer
    complete,  ///< [begin, end)
  };
  State state = State::none;
  std::size_t begin = 0, end = 0;
};

/// Finds the echo of `typed` in `text`. Control characters of `typed` (Return, Ctrl-C) have no echo that counts. The
/// echo may be cut by other output (a log line in the middle of it) and may be wrapped; an echo whose rest never comes
/// ends with its line.
[[nodiscard]] EchoSpan find_echo(std::string_view typed, std::string_view text);

}  // namespace hilltop::jobs
