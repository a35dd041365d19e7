// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "drivers/core/node.hpp"

namespace hilltop::yaml {

/// What a plain scalar with a meaning of its own is.
enum class Special : std::uint8_t { none, merge, value };

/// `<<` and `=`, which mean something else than their text where they are written without quotes.
[[nodiscard]] Special special_of(std::string_view text) noexcept;

/// A plain scalar without a tag as YAML 1.1 reads it: 1_000, 0x1F, 017, 0b1, 1:30, 1.5, .inf, yes, ~; all else is text
/// (timestamps too). A number that does not fit 64 bits becomes a real; its text stays exact.
/// Source: PyYAML 6.0 resolver.py and constructor.py, yaml.org/type.
[[nodiscard]] Node resolve_plain(std::string text, Place place);

/// A scalar with an explicit tag: "tag:yaml.org,2002:int" and so on. An absent Node when `text` is none of that type;
/// `known` says whether the tag is one that is read at all.
[[nodiscard]] Node resolve_tagged(std::string_view tag, std::string text, Place place, bool& known);

}  // namespace hilltop::yaml
