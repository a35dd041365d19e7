// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

/// The plain page at `/`: three files in the program, no other resource.
namespace hilltop::web {

[[nodiscard]] std::string_view page_html() noexcept;
[[nodiscard]] std::string_view page_script() noexcept;
[[nodiscard]] std::string_view page_style() noexcept;

}  // namespace hilltop::web
