// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "boards/console/console.hpp"
#include "drivers/core/fields.hpp"

/// `consoles:` of a lab file: `{quota: 20G, board_quota: 1G, keep: 30d}`.
namespace hilltop::boards {

/// An absent node, or key, means what Retention has by itself.
[[nodiscard]] Retention read_console_settings(const Node& map, Diagnostics& diagnostics);
/// The lines of the lab file; none for what is usual.
void write_console_settings(const Retention& settings, std::string& out);
/// "20 GiB for the lab, 1 GiB a board, 30 days": for people.
[[nodiscard]] std::string describe(const Retention& settings);

/// "20G", "512M", "1.5G", "4096": bytes, with K, M, G, T of 1024; nothing for other text.
[[nodiscard]] std::optional<std::uint64_t> bytes_from(std::string_view text);

}  // namespace hilltop::boards
