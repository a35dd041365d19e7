// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "drivers/core/node.hpp"

namespace hilltop::yaml {

inline constexpr const char* tags_help = "!!str, !!int, !!float, !!bool, !!null, !!map and !!seq are";

/// "!!int" for "tag:yaml.org,2002:int", others as they are.
[[nodiscard]] std::string short_tag(std::string_view tag);

/// Offset of the first byte that is a NUL or no UTF-8. Source: RFC 3629 4.
[[nodiscard]] std::optional<std::size_t> first_bad_byte(std::string_view text);

/// Line and column (in characters) of the byte at `offset`.
[[nodiscard]] Place place_at(std::string_view text, std::size_t offset, std::shared_ptr<const std::string> file);

/// What probably helps against libyaml's complaint `problem` at the 0-based line and column, or "".
[[nodiscard]] std::string help_for(std::string_view problem, std::string_view text, std::size_t line,
                                   std::size_t column);

}  // namespace hilltop::yaml
