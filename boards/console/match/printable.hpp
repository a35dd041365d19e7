// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hilltop::boards {

/// The last `max` bytes of `bytes` for a message: control characters and bytes that are no UTF-8 as \n, \r, \t or \xHH.
[[nodiscard]] std::string printable(std::string_view bytes, std::size_t max);

}  // namespace hilltop::boards
