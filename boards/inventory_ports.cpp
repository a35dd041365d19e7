// SPDX-License-Identifier: Apache-2.0
#include "boards/inventory_ports.hpp"

#include <arpa/inet.h>

#include <charconv>
#include <map>

namespace hilltop::boards {
namespace {

constexpr int last_port = 65535;
const std::vector<std::string> protocols = {"rfc2217", "raw"};

bool is_address(const std::string& text) {
  in6_addr six{};
  in_addr four{};
  return ::inet_pton(AF_INET, text.c_str(), &four) == 1 || ::inet_pton(AF_INET6, text.c_str(), &six) == 1;
}

std::string consoles_text(const BoardType& type) {
  std::string out;
  for (const auto& name : type.consoles) out += (out.empty() ? "" : ", ") + name;
  return out;
}

/// "7000-7099".
std::optional<std::pair<std::uint16_t, std::uint16_t>> range_from(std::string_view text) {
  unsigned first = 0, last = 0;
  const char* const end = text.data() + text.size();
  const auto one = std::from_chars(text.data(), end, first);
  if (one.ec != std::errc() || one.ptr == end || *one.ptr != '-') return std::nullopt;
  const auto two = std::from_chars(one.ptr + 1, end, last);
  if (two.ec != std::errc() || two.ptr != end || first < 1 || first > last || last > last_port) return std::nullopt;
  return std::pair(static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last));
}

class PortReader {
 public:
  PortReader(const Inventory& lab, const BoardTypes& types, Diagnostics& diagnostics)
      : lab_(lab), types_(types), diagnostics_(diagnostics) {}

  ConsolePortSettings read(const Node& map) {
    Fields fields(map, "console_ports", diagnostics_);
    out_.address = fields.text("address").value_or(out_.address);
    if (!is_address(out_.address))
      fields.error(map["address"], "'" + out_.address + "' is no address of this machine",
                   "such as 127.0.0.1; 0.0.0.0 is all of its addresses");
    if (const auto text = fields.text("range")) {
      out_.range = range_from(*text);
      if (!out_.range) fields.error(map["range"], "'" + *text + "' is no range", "such as 7000-7099");
    }
    if (const auto word = fields.word("protocol", protocols)) out_.protocol = *word;
    for (const auto& entry : fields.list("ports").items()) read_entry(entry);
    fields.refuse_others();
    number_the_rest(map);
    return std::move(out_);
  }

 private:
  void read_entry(const Node& entry) {
    Fields fields(entry, "console_ports: ports", diagnostics_);
    fields.require("board", "the name of a board");
    const auto board = fields.text("board");
    auto console = fields.text("console");
    std::map<std::string, std::uint16_t> numbers;
    for (const auto& protocol : protocols)
      if (const auto number = fields.integer(protocol, 1, last_port))
        numbers[protocol] = static_cast<std::uint16_t>(*number);
    fields.refuse_others();
    if (!board || !is_console(entry, *board, console)) return;
    if (numbers.empty())
      fields.error(entry, "console_ports: no port for board '" + *board + "'", "say rfc2217: 7001, raw: 7002 or both");
    for (const auto& [protocol, number] : numbers)
      add({*board, *console, protocol, out_.address, number, true}, entry[protocol].place());
  }

  /// Whether there is such a console; fills in its name.
  bool is_console(const Node& entry, const std::string& board, std::optional<std::string>& console) {
    const auto* config = lab_.find(board);
    if (config == nullptr) {
      std::vector<std::string> names;
      for (const auto& one : lab_.boards) names.push_back(one.name);
      diagnostics_.error(entry["board"].place(), "console_ports: there is no board '" + board + "'",
                         suggest(board, names));
      return false;
    }
    const auto* type = types_.find(config->type);
    if (type == nullptr || type->consoles.empty()) return false;  // complained about, or it has none
    if (!console) console = type->consoles.front();
    if (std::ranges::find(type->consoles, *console) != type->consoles.end()) return true;
    diagnostics_.error(entry["console"].place(),
                       "console_ports: board '" + board + "' has no console '" + *console + "'",
                       "it has " + consoles_text(*type));
    return false;
  }

  void add(ConsolePortConfig port, const Place& place) {
    for (const auto& one : out_.ports) {
      if (one.board == port.board && one.console == port.console && one.protocol == port.protocol)
        return diagnostics_.error(place, "console_ports: " + port.board + "/" + port.console + " has a port for " +
                                             port.protocol + " already, " + std::to_string(one.port));
      if (one.port == port.port)
        return diagnostics_.error(place, "console_ports: port " + std::to_string(port.port) + " is that of " +
                                             one.board + "/" + one.console + " already");
    }
    if (lab_.boot_server.http_port == port.port)
      return diagnostics_.error(
          place, "console_ports: port " + std::to_string(port.port) + " is that of the boot server's http_port");
    out_.ports.push_back(std::move(port));
  }

  [[nodiscard]] bool is_taken(unsigned number) const {
    return lab_.boot_server.http_port == number ||
           std::ranges::any_of(out_.ports, [&](const auto& one) { return one.port == number; });
  }
  [[nodiscard]] bool is_numbered(const std::string& board, const std::string& console) const {
    return std::ranges::any_of(out_.ports,
                               [&](const auto& one) { return one.board == board && one.console == console; });
  }

  /// Numbers of the range for the consoles that have none of their own, in the order of the file.
  void number_the_rest(const Node& map) {
    if (!out_.range) return;
    unsigned next = out_.range->first;
    std::size_t without = 0;
    for (const auto& board : lab_.boards) {
      const auto* type = types_.find(board.type);
      for (const auto& console : type == nullptr ? std::vector<std::string>() : type->consoles) {
        if (is_numbered(board.name, console)) continue;
        while (next <= out_.range->second && is_taken(next)) ++next;
        if (next > out_.range->second) {
          ++without;
          continue;
        }
        out_.ports.push_back(
            {board.name, console, out_.protocol, out_.address, static_cast<std::uint16_t>(next++), false});
      }
    }
    if (without > 0)
      diagnostics_.error(map["range"].place(), "console_ports: the range is too small: " + std::to_string(without) +
                                                   (without == 1 ? " console is" : " consoles are") + " left over");
  }

  const Inventory& lab_;
  const BoardTypes& types_;
  Diagnostics& diagnostics_;
  ConsolePortSettings out_;
};

}  // namespace

ConsolePortSettings read_console_ports(const Node& map, const Inventory& lab, const BoardTypes& types,
                                       Diagnostics& diagnostics) {
  if (!map) return {};
  return PortReader(lab, types, diagnostics).read(map);
}

void write_console_ports(const ConsolePortSettings& settings, std::string& out) {
  if (settings.ports.empty() && !settings.range) return;
  out += "console_ports:\n  address: \"" + settings.address + "\"\n";
  if (settings.range)
    out += "  range: " + std::to_string(settings.range->first) + "-" + std::to_string(settings.range->second) +
           "\n  protocol: " + settings.protocol + "\n";
  bool first = true;
  for (const auto& one : settings.ports) {
    if (!one.is_fixed) continue;
    if (std::exchange(first, false)) out += "  ports:\n";
    out += "    - {board: \"" + one.board + "\", console: \"" + one.console + "\", " + one.protocol + ": " +
           std::to_string(one.port) + "}\n";
  }
}

std::string describe(const std::vector<ConsolePortConfig>& ports) {
  std::string out;
  for (const auto& one : ports) {
    const auto host = one.address.contains(':') ? "[" + one.address + "]" : one.address;
    out += one.board + "/" + one.console + ": " + one.protocol + " at " + host + ":" + std::to_string(one.port) + "\n";
  }
  return out;
}

}  // namespace hilltop::boards
