// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace hilltop::drivers::unit {

/// Name and text of each file of drivers/power/units; CMake makes it (hilltop_embed).
const std::vector<std::pair<std::string_view, std::string_view>>& unit_files();

}  // namespace hilltop::drivers::unit
