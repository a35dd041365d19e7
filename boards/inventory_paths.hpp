// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/core/node.hpp"

namespace hilltop::boards {

/// `address` with its relative file names (`template`, `bios`, ...) made whole: each is seen from the folder of the
/// text that it was written in, the lab's or a board type's. So an address means the same in a lab file of another
/// folder.
[[nodiscard]] Node with_whole_paths(const Node& address);

}  // namespace hilltop::boards
