// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "boards/inventory.hpp"
#include "drivers/core/fields.hpp"

/// `console_ports:` of a lab file.
namespace hilltop::boards {

/// Reads the section for boards that are in `lab` already. An absent node gives none.
[[nodiscard]] ConsolePortSettings read_console_ports(const Node& map, const Inventory& lab, const BoardTypes& types,
                                                     Diagnostics& diagnostics);
void write_console_ports(const ConsolePortSettings& settings, std::string& out);

/// "sbc-01/main: rfc2217 at 127.0.0.1:7001", a line each; for who checks a lab file.
[[nodiscard]] std::string describe(const std::vector<ConsolePortConfig>& ports);

}  // namespace hilltop::boards
