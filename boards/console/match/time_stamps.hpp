// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace hilltop::boards {

/// The length of the time stamps that a line begins with, spaces included: "[   12.345678] ", "[    1.0][    T1] ",
/// "[00:00:01.234,567] ": what printk, Zephyr's log and most others put first.
[[nodiscard]] std::size_t time_stamps_length(std::string_view line);

}  // namespace hilltop::boards
