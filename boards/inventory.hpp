// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "boards/board_type.hpp"
#include "drivers/core/driver_info.hpp"
#include "drivers/core/node.hpp"

namespace hilltop::boards {

/// One board as lab.yaml has it. `addresses` maps a role to where that thing is:
/// `emulator`, `power`, `console`, `probe`, `flash`, `storage`: {driver: NAME, ...}. What the type has for the same role and
/// driver is merged in; a board for which the lab names no role at all is as its type's `drivers` say.
struct BoardConfig {
  std::string name;
  std::string type;
  std::string description;
  std::vector<std::string> tags;
  Node addresses;
  Place place;

  [[nodiscard]] bool operator==(const BoardConfig& other) const;  ///< same meaning; places do not count
};

/// What is plugged into what: the lab file, checked.
struct Inventory {
  std::string name;  ///< the lab's
  std::vector<BoardConfig> boards;
  std::vector<std::filesystem::path> file_roots;  ///< folders whose files a job may name with file://
  std::vector<std::string> url_allow_list;        ///< hosts that artifacts may come from; empty: any public one

  [[nodiscard]] const BoardConfig* find(std::string_view board) const;
};

/// Reads and checks a lab file: keys, types, board types, drivers and their addresses (by DriverInfo::check), names used
/// twice, one address used by two boards. Complaints go to `diagnostics`; the result is whole only without errors.
[[nodiscard]] Inventory read_inventory(const std::filesystem::path& file, const BoardTypes& types, drivers::DriverTable drivers,
                                       Diagnostics& diagnostics);

/// The same for a text that is not (yet) in `file`; relative paths in it are seen from that file's folder.
[[nodiscard]] Inventory read_inventory_text(std::string_view text, const std::filesystem::path& file, const BoardTypes& types,
                                            drivers::DriverTable drivers, Diagnostics& diagnostics);

/// What a changed lab file means for the boards that run.
struct InventoryChange {
  std::vector<std::string> added, removed, changed;
};
[[nodiscard]] InventoryChange compare(const Inventory& before, const Inventory& after);

/// The lab file's text for an inventory (for `hilltop lab export`).
[[nodiscard]] std::string to_yaml(const Inventory& inventory);

}  // namespace hilltop::boards
