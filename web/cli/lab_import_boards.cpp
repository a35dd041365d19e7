// SPDX-License-Identifier: Apache-2.0
// The formats that are about boards: Twister's hardware map and LAVA's device dictionary.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "web/cli/lab_import.hpp"

namespace hilltop::cli {
namespace {

/// "frdm_k64f/mk64f12" -> the type that has one of its names, or "".
std::string type_named(const std::string& there, const boards::BoardTypes* types) {
  if (types == nullptr) return "";
  auto dashed = there.substr(0, there.find('/'));
  auto as_before = there;  // Zephyr's names before 3.7: nrf5340dk_nrf5340_cpuapp
  std::ranges::replace(as_before, '/', '_');
  for (const auto& name : {there, as_before, dashed})
    if (const auto* type = types->find(name)) return type->name;
  std::ranges::replace(dashed, '_', '-');
  const auto* type = types->find(dashed);
  return type == nullptr ? "" : type->name;
}

/// A west runner and what writes here as it does. Source: Zephyr, scripts/west_commands/runners.
struct Runner {
  std::string_view name, address;
  bool by_port = false;  ///< it names the board by its serial port, not by a probe
};

constexpr auto runners = std::to_array<Runner>({
    {"pyocd", "driver: tool-flash, tool: pyocd"},
    {"jlink", "driver: tool-flash, tool: jlink"},
    {"openocd", "driver: openocd"},
    {"nrfutil", "driver: tool-flash, tool: nrfutil"},
    {"nrfjprog", "driver: tool-flash, tool: nrfutil"},
    {"stlink_gdbserver", "driver: openocd"},
    {"dfu-util", "driver: dfu"},
    {"uf2", "driver: uf2"},
    {"esp32", "driver: tool-flash, tool: esptool", true},
    {"bossac", "driver: tool-flash, tool: bossac", true},
    {"stm32flash", "driver: tool-flash, tool: stm32flash", true},
});

std::string first_platform(const Node& platform) {
  if (platform.is_sequence()) return platform.items().empty() ? "" : platform.items().front().text();
  return platform.text().substr(0, platform.text().find(' '));
}

void add_twister_console(const Node& dut, ImportedBoard& out) {
  const auto& serial = dut["serial"].text();
  if (serial.empty()) return;
  const auto speed = dut["baud"] ? dut["baud"] : dut["serial_baud"];
  const auto baud = speed ? yaml_number(speed) : std::string();
  const bool unstable = serial.starts_with("/dev/ttyUSB") || serial.starts_with("/dev/ttyACM");
  out.lines.push_back(fmt::format("console: {{driver: tty, path: {}{}{}}}{}", yaml_scalar(serial),
                                  baud.empty() ? "" : ", baud: " + baud, unstable ? ", allow_unstable: true" : "",
                                  unstable ? "  # better: its name below /dev/serial/by-id" : ""));
}

void add_twister_flash(const Node& dut, ImportedBoard& out) {
  const auto& runner = dut["runner"].text();
  const auto known = std::ranges::find(runners, runner, &Runner::name);
  const auto& serial = dut["probe_id"] ? dut["probe_id"].text() : dut["id"].text();
  if (known == runners.end()) {
    if (!runner.empty() && runner != "unknown") out.unknown.push_back("runner: " + runner);
    return;
  }
  if (known->by_port)
    out.lines.push_back(fmt::format("flash: {{{}, port: {}}}", known->address, yaml_scalar(dut["serial"].text())));
  else
    out.lines.push_back(fmt::format("flash: {{{}, serial: {}}}", known->address, yaml_text(serial)));
}

ImportedBoard twister_board(const Node& dut, const boards::BoardTypes* types) {
  ImportedBoard out;
  out.type_was = first_platform(dut["platform"]);
  out.type = type_named(out.type_was, types);
  out.name = (out.type.empty() ? out.type_was : out.type) + "-01";
  add_twister_console(dut, out);
  add_twister_flash(dut, out);
  std::string tags;
  for (const auto& fixture : dut["fixtures"].items()) tags += (tags.empty() ? "" : ", ") + yaml_scalar(fixture.text());
  if (!tags.empty()) out.lines.push_back("tags: [" + tags + "]");
  const std::set<std::string> used = {"platform", "serial",   "baud",      "serial_baud", "runner",  "probe_id",
                                      "id",       "fixtures", "connected", "available",   "product", "notes"};
  for (const auto& [key, value] : dut.entries())
    if (!used.contains(key.text()) && !value.is_null()) out.unknown.push_back(as_comment(key.text(), value));
  if (dut["connected"] && !dut["connected"].as_bool().value_or(true)) out.unknown.emplace_back("it is not connected");
  return out;
}

/// `telnet HOST PORT` is what nearly every lab has. Source: LAVA, connection_command.
void add_connection(const std::string& name, const std::string& command, ImportedBoard& out) {
  const auto words = argument_vector(command);
  Diagnostics none;
  const auto argv = read_yaml(words.empty() ? "[]" : words, "", none);
  const auto& items = argv.items();
  const bool telnet = items.size() == 3 && items[0].text() == "telnet";
  if (telnet && out.lines.empty())
    out.lines.push_back(
        fmt::format("console: {{driver: telnet, host: {}, port: {}}}", yaml_scalar(items[1].text()), items[2].text()));
  else if (out.lines.empty() && !words.empty())
    out.lines.push_back(fmt::format("console: {{driver: process, command: {}}}", words));
  else
    out.unknown.push_back("connection " + name + ": " + command);
}

/// The one tagged `primary` first: it is the job's console.
void add_connections(const Node& connections, ImportedBoard& out) {
  const auto is_primary = [](const Node::Entry& entry) {
    return std::ranges::any_of(entry.value["tags"].items(), [](const auto& tag) { return tag.text() == "primary"; });
  };
  for (const bool primary : {true, false})
    for (const auto& entry : connections.entries())
      if (is_primary(entry) == primary) add_connection(entry.key.text(), entry.value["connect"].text(), out);
}

std::string command_of(const Node& commands, std::string_view key) {
  const auto value = commands[key];
  if (value.is_sequence()) return value.items().size() == 1 ? argument_vector(value.items().front().text()) : "";
  return argument_vector(value.text());
}

void add_power(const Node& commands, ImportedBoard& out) {
  const auto on = command_of(commands, "power_on"), off = command_of(commands, "power_off");
  if (!on.empty() && !off.empty()) {
    out.lines.push_back("power: {driver: command-power, power_on: " + on + ", power_off: " + off + "}");
    return;
  }
  for (const auto* key : {"power_on", "power_off"})
    if (commands[key])
      out.unknown.push_back(as_comment(key, commands[key]) + " (each must be one program without a shell)");
}

}  // namespace

Imported import_twister(const Node& map, const boards::BoardTypes* types) {
  Imported out{"a Twister hardware map", {}, {}};
  for (const auto& dut : map.items()) out.boards.push_back(twister_board(dut, types));
  return out;
}

Imported import_lava(const Node& device, const std::string& name, const boards::BoardTypes* types) {
  Imported out{"a LAVA device dictionary", {}, {}};
  ImportedBoard board;
  board.name = device["hostname"] ? device["hostname"].text() : name;
  for (const auto* key : {"devicetype", "device_type"})
    if (board.type_was.empty()) board.type_was = device[key].text();
  board.type = type_named(board.type_was, types);
  const auto commands = device["commands"];
  add_connections(commands["connections"], board);
  if (const auto& connect = commands["connect"].text(); !connect.empty()) add_connection("connect", connect, board);
  add_power(commands, board);
  const std::set<std::string> used = {"connections", "connect", "power_on", "power_off"};
  for (const auto& [key, value] : commands.entries())
    if (!used.contains(key.text())) board.unknown.push_back(as_comment(key.text(), value));
  const std::set<std::string> of_the_type = {"constants",
                                             "parameters",
                                             "actions",
                                             "timeouts",
                                             "commands",
                                             "hostname",
                                             "devicetype",
                                             "device_type",
                                             "character_delays",
                                             "environment",
                                             "available_architectures"};
  for (const auto& [key, value] : device.entries())
    if (!of_the_type.contains(key.text()) && !value.is_null()) board.unknown.push_back(as_comment(key.text(), value));
  out.unknown.emplace_back("actions, constants, parameters and timeouts: they are the board type's here");
  out.boards.push_back(std::move(board));
  return out;
}

}  // namespace hilltop::cli
