// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "boards/inventory.hpp"
#include "drivers/core/fields.hpp"

/// The network side of a lab file.
namespace hilltop::boards {

/// Reads `boot_server:`. An absent node gives settings that are all off.
[[nodiscard]] BootServerSettings read_boot_server(const Node& map, Diagnostics& diagnostics);
/// Reads a board's `network:`. An absent node gives none.
[[nodiscard]] BoardNetwork read_board_network(const Node& map, const std::string& what, Diagnostics& diagnostics);
/// Complains about boards that share an address, and about one that the lab's boot server cannot serve.
void check_networks(const Inventory& lab, Diagnostics& diagnostics);

/// Why jobs cannot have files served to `board` in that way, with what is missing in the lab file; "" when they can.
/// An emulated board is served by its emulator.
[[nodiscard]] std::string why_not_tftp(const BoardConfig& board, const BootServerSettings& server);
[[nodiscard]] std::string why_not_http(const BoardConfig& board, const BootServerSettings& server);

/// The lines of the lab file.
void write_boot_server(const BootServerSettings& server, std::string& out);
void write_board_network(const BoardNetwork& network, std::string& out);

}  // namespace hilltop::boards
