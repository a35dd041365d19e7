// SPDX-License-Identifier: Apache-2.0
#include "boards/inventory.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "boards/board_type_file.hpp"
#include "boards/inventory_complaints.hpp"
#include "boards/inventory_consoles.hpp"
#include "boards/inventory_network.hpp"
#include "boards/inventory_paths.hpp"
#include "boards/inventory_ports.hpp"
#include "drivers/core/fields.hpp"

namespace hilltop::boards {
namespace {

constexpr std::size_t longest_name = 64;  // it becomes a folder and a file name

bool is_board_name(std::string_view text) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  return !text.empty() && text.size() <= longest_name && text.find_first_not_of(allowed) == text.npos &&
         text.front() != '.' && text.front() != '-';
}

/// Reads a lab file against the types and drivers that there are.
class LabReader {
 public:
  LabReader(const BoardTypes& types, drivers::DriverTable drivers, Diagnostics& diagnostics)
      : types_(types), drivers_(drivers), diagnostics_(diagnostics) {
    for (const auto* driver : drivers) driver_names_.emplace_back(driver->name);
  }

  Inventory read(const Node& root, const std::filesystem::path& lab_dir);

 private:
  BoardConfig read_board(const Node& key, const Node& value);
  const BoardType* read_type(Fields& fields);
  Node read_addresses(Fields& fields, const BoardType* type);
  void check_driver(const Node& address, const std::string& what);
  void check_addresses(const BoardConfig& board, const Node& written, const Node& key);
  void refuse_shared(const BoardConfig& board);
  void read_artifacts(const Node& map, const std::filesystem::path& lab_dir, Inventory& out);

  const BoardTypes& types_;
  drivers::DriverTable drivers_;
  Diagnostics& diagnostics_;
  std::vector<std::string> driver_names_;
  std::map<std::string, std::string> places_taken_;  // meaning of an address -> the board that has it
};

const BoardType* LabReader::read_type(Fields& fields) {
  fields.require("type", "a board type, such as microbit,");
  const auto name = fields.text("type");
  if (!name) return nullptr;
  const auto* type = types_.find(*name);
  if (!type) {
    auto help = suggest(*name, types_.names());
    fields.error(fields.take("type"), "'" + *name + "' is no board type",
                 help.empty() ? "`hilltop board-types` lists them; a new one is a file in boards/types" : help);
  }
  return type;
}

void LabReader::check_driver(const Node& address, const std::string& what) {
  const auto driver = address["driver"];
  if (!driver.is_string()) {
    diagnostics_.error(driver ? driver.place() : address.place(),
                       what + ": 'driver' is missing: the name of a driver was expected", one_of_text(driver_names_));
    return;
  }
  if (const auto* info = drivers::find_driver(drivers_, driver.text())) {
    info->check(address, diagnostics_);
    return;
  }
  auto help = suggest(driver.text(), driver_names_);
  diagnostics_.error(driver.place(), what + ": '" + driver.text() + "' is no driver",
                     help.empty() ? one_of_text(driver_names_) + " was expected" : help);
}

/// What drivers say of a board's addresses. What a type's own address lacks is for the lab to say: the complaint points
/// there.
void LabReader::check_addresses(const BoardConfig& board, const Node& written, const Node& key) {
  for (const auto& [role, address] : board.addresses.entries()) {
    const auto what = "board '" + board.name + "': " + role.text();
    Diagnostics found;
    std::swap(found, diagnostics_);
    check_driver(address, what);
    std::swap(found, diagnostics_);
    const auto said = written[role.text()];
    add_all(moved_to_file(found, said && !said.is_null() ? said.place() : key.place(), what), diagnostics_);
  }
}

/// What is plugged in, by role: what the lab says, laid upon what the type has for the same role and driver. A board
/// for which the lab names no address at all is as its type's `drivers` say.
Node LabReader::read_addresses(Fields& fields, const BoardType* type) {
  const auto defaults = type ? type->drivers : Node();
  std::vector<Node::Entry> entries;
  const auto& board = fields.node();
  const bool named = std::ranges::any_of(address_roles(), [&](const auto& role) { return board.contains(role); });
  for (const auto& role : address_roles()) {
    auto said = board[role].is_null() && board.contains(role) ? fields.take(role) : fields.map(role);
    const auto usual = defaults[role];
    if (named ? !board.contains(role) : !usual) continue;
    if (said.is_null()) said = Node();  // `emulator:` without more: as the type has it
    const bool same_driver = !said || !said.contains("driver") || said["driver"].text() == usual["driver"].text();
    auto address = same_driver ? merged(usual, said) : said;
    if (!address) continue;
    if (type) address = merged(type->known_for(role, address), address);
    entries.push_back({Node::string(role, address.place()), with_whole_paths(address)});
  }
  return Node::map(std::move(entries), board.place());
}

/// What of an address says which outlet, port or probe it is; the rest is how it is used, or with what right.
nlohmann::json place_in(const Node& address) {
  auto out = address.to_json();
  if (!out.is_object()) return out;
  for (const std::string_view key : {"baud", "data_bits", "parity", "stop_bits", "flow", "dtr", "rts", "reset_sequence",
                                     "allow_unstable", "active_low", "normally_closed", "read_back", "pair", "password",
                                     "password_file", "community", "community_file", "token", "token_file"})
    out.erase(key);
  return out;
}

/// One outlet, one serial port and one probe belong to one board: two boards with the same address are a slip that
/// would cut the power of the wrong one, unless it is `shared`. Emulators share nothing.
void LabReader::refuse_shared(const BoardConfig& board) {
  std::set<std::string> own;
  for (const auto& [role, address] : board.addresses.entries()) {
    if (role.text() == "emulator") continue;
    if (address["shared"].as_bool().value_or(false)) continue;  // its driver sees to what that means
    const auto meaning = place_in(address).dump();
    if (!own.insert(meaning).second) continue;
    const auto [it, is_new] = places_taken_.emplace(meaning, board.name);
    if (!is_new)
      diagnostics_.error(address.place(),
                         "board '" + board.name + "': its '" + role.text() + "' is the same address as one of board '" +
                             it->second + "'",
                         "each board needs an outlet, port or probe of its own");
  }
}

BoardConfig LabReader::read_board(const Node& key, const Node& value) {
  BoardConfig out;
  out.name = key.text();
  out.place = key.place();
  if (!is_board_name(out.name))
    diagnostics_.error(key.place(),
                       "board '" + out.name + "': a name has up to 64 letters, digits, '-', '_' and '.' only");
  const auto what = "board '" + out.name + "'";
  Fields fields(value, what, diagnostics_);
  const auto* type = read_type(fields);
  if (type) out.type = type->name;
  out.description = fields.text("description").value_or("");
  out.tags = fields.texts("tags").value_or(std::vector<std::string>());
  out.addresses = read_addresses(fields, type);
  out.decoders = with_whole_paths(fields.take("decoders"));
  (void)demux::read_decoders(out.decoders, diagnostics_);
  out.network = read_board_network(fields.map("network"), what, diagnostics_);
  fields.refuse_others();
  if (!type) return out;  // what the type would have brought is not known: what seems to be missing may not be
  check_addresses(out, value, key);
  if (value.is_map() && !out.addresses.contains("emulator") && !out.addresses.contains("console"))
    diagnostics_.error(key.place(), what + ": nothing says where it is: 'console' (or 'emulator') was expected",
                       "for example console: {driver: tty, path: /dev/serial/by-id/...}");
  refuse_shared(out);
  return out;
}

void LabReader::read_artifacts(const Node& map, const std::filesystem::path& lab_dir, Inventory& out) {
  if (!map) return;
  Fields fields(map, "artifacts", diagnostics_);
  (void)fields.texts("file_roots");
  for (const auto& root : map["file_roots"].items()) {
    if (!root.is_string()) continue;
    out.file_roots.push_back((lab_dir / root.text()).lexically_normal());
    check_file_root(out.file_roots.back(), root.place(), diagnostics_);
  }
  out.url_allow_list = fields.texts("allow_hosts").value_or(std::vector<std::string>());
  fields.refuse_others();
}

Inventory LabReader::read(const Node& root, const std::filesystem::path& lab_dir) {
  Inventory out;
  Fields fields(root, "lab", diagnostics_);
  if (!root.is_map()) return out;
  fields.require("lab", "the lab's name");
  out.name = fields.text("lab").value_or("");
  fields.require("boards", "a map of boards");
  const auto boards = fields.map("boards");
  for (const auto& [key, value] : boards.entries()) out.boards.push_back(read_board(key, value));
  read_artifacts(fields.map("artifacts"), lab_dir, out);
  out.consoles = read_console_settings(fields.map("consoles"), diagnostics_);
  out.boot_server = read_boot_server(fields.map("boot_server"), diagnostics_);
  check_networks(out, diagnostics_);
  out.console_ports = read_console_ports(fields.map("console_ports"), out, types_, diagnostics_);
  fields.refuse_others();
  return out;
}

}  // namespace

bool BoardConfig::operator==(const BoardConfig& other) const {
  return name == other.name && type == other.type && description == other.description && tags == other.tags &&
         addresses.to_json() == other.addresses.to_json() &&
         static_cast<bool>(decoders) == static_cast<bool>(other.decoders) &&
         decoders.to_json() == other.decoders.to_json() && network == other.network;
}

std::vector<demux::DecoderSpec> decoders_of(const BoardConfig& board, const BoardType& type) {
  if (!board.decoders) return type.decoders;
  Diagnostics checked_before;
  return demux::read_decoders(board.decoders, checked_before);
}

const BoardConfig* Inventory::find(std::string_view board) const {
  const auto it = std::ranges::find(boards, board, &BoardConfig::name);
  return it == boards.end() ? nullptr : &*it;
}

namespace {

std::filesystem::path folder_of(const std::filesystem::path& file) {
  std::error_code failed;
  const auto whole = std::filesystem::absolute(file, failed);
  return (failed ? file : whole).parent_path();
}

}  // namespace

Inventory read_inventory(const std::filesystem::path& file, const BoardTypes& types, drivers::DriverTable drivers,
                         Diagnostics& diagnostics) {
  Diagnostics read;
  const auto root = read_yaml_file(file.string(), read);
  add_all(refused_repeats(read, root["boards"]), diagnostics);
  if (!root) return {};
  return LabReader(types, drivers, diagnostics).read(root, folder_of(file));
}

Inventory read_inventory_text(std::string_view text, const std::filesystem::path& file, const BoardTypes& types,
                              drivers::DriverTable drivers, Diagnostics& diagnostics) {
  Diagnostics read;
  const auto root = read_yaml(text, file.string(), read);
  add_all(refused_repeats(read, root["boards"]), diagnostics);
  if (!root) return {};
  return LabReader(types, drivers, diagnostics).read(root, folder_of(file));
}

InventoryChange compare(const Inventory& before, const Inventory& after) {
  InventoryChange out;
  for (const auto& board : before.boards)
    if (!after.find(board.name)) out.removed.push_back(board.name);
  for (const auto& board : after.boards) {
    const auto* old = before.find(board.name);
    if (!old) {
      out.added.push_back(board.name);
    } else if (!(*old == board)) {
      out.changed.push_back(board.name);
    }
  }
  return out;
}

}  // namespace hilltop::boards
