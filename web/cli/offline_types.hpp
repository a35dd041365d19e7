// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "boards/board_type.hpp"
#include "web/cli/context.hpp"

namespace hilltop::cli {

/// The board types of `types_dir`, or of the program's own folder where it is "". Complaints go to `diagnostics`;
/// nothing when there is an error.
[[nodiscard]] std::optional<boards::BoardTypes> offline_types(const Context& context, const std::string& types_dir,
                                                              Diagnostics& diagnostics);

}  // namespace hilltop::cli
