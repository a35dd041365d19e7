// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/node.hpp"

namespace hilltop::drivers {

/// Bytes from 4096, 0x1000, 256K, 16M or 1G (powers of 1024); nothing for other text.
[[nodiscard]] std::optional<std::uint64_t> size_from(std::string_view text);
/// The same for a node: integers, or text with a unit.
[[nodiscard]] std::optional<std::uint64_t> size_from(const Node& node);

/// The text of `address[key]`, or `fallback` where there is none.
[[nodiscard]] std::string text_or(const Node& address, std::string_view key, std::string_view fallback = "");
/// The scalars of a list as text.
[[nodiscard]] std::vector<std::string> texts_of(const Node& list);

}  // namespace hilltop::drivers
