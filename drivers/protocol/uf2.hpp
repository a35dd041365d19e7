// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "drivers/protocol/image.hpp"

namespace hilltop::drivers {

/// Reads a UF2 file: the blocks of one `family`; without one, the file must be for one family (or none) only. Blocks
/// that are not for the main flash are left out. Each part of the file must be whole: all its blocks, each once.
/// Errors: bad_input (job) as "NAME: block N: what is wrong"; not_found (job) when the file has nothing for `family`.
/// Source: github.com/microsoft/uf2, README.md.
Result<Image> read_uf2(std::string_view bytes, std::string name, std::optional<std::uint32_t> family = std::nullopt);

/// Whether `head`, the first bytes of a file, are those of UF2.
[[nodiscard]] bool is_uf2(std::string_view head);

}  // namespace hilltop::drivers
