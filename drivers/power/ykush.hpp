// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "drivers/core/result.hpp"

namespace hilltop::drivers {

/// Whether `report` answers `command`; false: it answers an earlier one.
/// Shape: [01 done][the command's echo; to 2n (status): 1n on, 0n off]. Source: Yepkit/ykush, src/ykush/ykush.cpp.
/// Errors: protocol (infrastructure) for an answer that is too short, or one that refuses.
[[nodiscard]] Result<bool> is_ykush_answer(std::string_view report, std::uint8_t command);

}  // namespace hilltop::drivers
