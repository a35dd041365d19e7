// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "boards/board_type.hpp"
#include "drivers/core/driver_info.hpp"
#include "drivers/core/node.hpp"

namespace hilltop::boards {

/// Where a board is found on the lab's network (`network:`): what a boot server serves goes there and nowhere else.
struct BoardNetwork {
  std::string address;  ///< IPv4; "": the boot server serves it nothing
  std::string mac;      ///< "": it gets no address from the boot server
  [[nodiscard]] bool operator==(const BoardNetwork&) const = default;
};

/// One board as lab.yaml has it. `addresses` maps a role to where that thing is:
/// `emulator`, `power`, `console`, `probe`, `flash`, `storage`: {driver: NAME, ...}. What the type has for the same
/// role and driver is merged in; a board for which the lab names no role at all is as its type's `drivers` say.
struct BoardConfig {
  std::string name;
  std::string type;
  std::string description;
  std::vector<std::string> tags;
  Node addresses;
  Node decoders;  ///< `decoders:`, checked; absent: as the type has them. See decoders_of()
  BoardNetwork network;
  Place place;

  [[nodiscard]] bool operator==(const BoardConfig& other) const;  ///< same meaning; places do not count
};

/// What takes the board's consoles apart into channels: what the lab says for this board, else what its type has.
[[nodiscard]] std::vector<demux::DecoderSpec> decoders_of(const BoardConfig& board, const BoardType& type);

/// The lab's own network boot server for real boards (`boot_server:`); what is absent is off.
struct BootServerSettings {
  std::string address;                     ///< of this machine, where boards reach it
  std::optional<std::uint16_t> tftp_port;  ///< 69 is where boards ask
  std::optional<std::uint16_t> http_port;
  std::string dhcp_interface;  ///< "": no DHCP
  int prefix_bits = 24;        ///< of the boards' network, told by DHCP
  std::string router;          ///< likewise; "": none
  [[nodiscard]] bool operator==(const BootServerSettings&) const = default;
};

/// A TCP port at which a console is served for good.
struct ConsolePortConfig {
  std::string board, console;
  std::string protocol;  ///< rfc2217, raw
  std::string address;   ///< numeric
  std::uint16_t port = 0;
  bool is_fixed = false;  ///< written by its number; else of the range
  [[nodiscard]] bool operator==(const ConsolePortConfig&) const = default;
};

/// Ports for the consoles of a whole lab (`console_ports:`): whoever reaches one reads, who holds the board's lease may
/// let it type.
struct ConsolePortSettings {
  std::string address = "127.0.0.1";
  std::optional<std::pair<std::uint16_t, std::uint16_t>> range;  ///< first and last
  std::string protocol = "rfc2217";                              ///< of the range
  std::vector<ConsolePortConfig> ports;                          ///< all of them
  [[nodiscard]] bool operator==(const ConsolePortSettings&) const = default;
};

/// What is plugged into what: the lab file, checked.
struct Inventory {
  std::string name;  ///< the lab's
  std::vector<BoardConfig> boards;
  BootServerSettings boot_server;                 ///< all off without the section
  ConsolePortSettings console_ports;              ///< none without the section
  Retention consoles;                             ///< how much of what boards say is kept
  std::vector<std::filesystem::path> file_roots;  ///< folders whose files a job may name with file://
  std::vector<std::string> url_allow_list;        ///< hosts that artifacts may come from; empty: any public one

  [[nodiscard]] const BoardConfig* find(std::string_view board) const;
};

/// Reads and checks a lab file: keys, types, board types, drivers and their addresses (by DriverInfo::check), names
/// used twice, one address used by two boards. Complaints go to `diagnostics`; the result is whole only without errors.
[[nodiscard]] Inventory read_inventory(const std::filesystem::path& file, const BoardTypes& types,
                                       drivers::DriverTable drivers, Diagnostics& diagnostics);

/// The same for a text that is not (yet) in `file`; relative paths in it are seen from that file's folder.
[[nodiscard]] Inventory read_inventory_text(std::string_view text, const std::filesystem::path& file,
                                            const BoardTypes& types, drivers::DriverTable drivers,
                                            Diagnostics& diagnostics);

/// What a changed lab file means for the boards that run.
struct InventoryChange {
  std::vector<std::string> added, removed, changed;
};
[[nodiscard]] InventoryChange compare(const Inventory& before, const Inventory& after);

/// The lab file's text for an inventory (for `hilltop lab export`).
[[nodiscard]] std::string to_yaml(const Inventory& inventory);

}  // namespace hilltop::boards
