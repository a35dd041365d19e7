// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "boards/board_type.hpp"

namespace hilltop::boards {

/// All that is known of a type, with its sources: what the server and `hilltop board-types` show.
[[nodiscard]] nlohmann::json to_json(const BoardType& type);

}  // namespace hilltop::boards
