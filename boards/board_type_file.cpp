// SPDX-License-Identifier: Apache-2.0
#include "boards/board_type_file.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "boards/board_facts_file.hpp"
#include "boards/board_loader_file.hpp"
#include "drivers/core/fields.hpp"

namespace hilltop::boards {
namespace {

const std::vector<std::string> no_words;

Typing read_typing(const Node& map, Diagnostics& diagnostics) {
  Typing out;
  if (!map) return out;
  Fields fields(map, "typing", diagnostics);
  constexpr int longest_delay_ms = 60'000;
  constexpr int longest_chunk = 4096;
  out.char_delay = std::chrono::milliseconds(fields.integer("char_delay_ms", 0, longest_delay_ms).value_or(0));
  out.check_echo = fields.flag("check_echo").value_or(out.check_echo);
  out.chunk = static_cast<std::size_t>(
      fields.integer("chunk", 1, longest_chunk).value_or(static_cast<std::int64_t>(out.chunk)));
  fields.refuse_others();
  return out;
}

/// {minutes: 3}: one unit, a number above 0.
std::optional<std::chrono::nanoseconds> read_timeout(const Node& map, const std::string& what,
                                                     Diagnostics& diagnostics) {
  const std::vector<std::pair<std::string, double>> units = {
      {"days", 86'400}, {"hours", 3600}, {"minutes", 60}, {"seconds", 1}};
  std::vector<std::string> names;
  for (const auto& [name, seconds] : units) names.push_back(name);
  if (!map.is_map() || map.entries().size() != 1) {
    diagnostics.error(map.place(), what + ": a timeout with one unit was expected", "for example {minutes: 3}");
    return std::nullopt;
  }
  const auto& [key, value] = map.entries().front();
  const auto unit = std::ranges::find(units, key.text(), [](const auto& known) { return known.first; });
  if (unit == units.end()) {
    auto help = suggest(key.text(), names);
    diagnostics.error(key.place(), what + ": '" + key.text() + "' is no unit of time",
                      help.empty() ? one_of_text(names) : help);
    return std::nullopt;
  }
  constexpr double longest_s = 365.0 * 86'400;
  const auto seconds = value.as_number().value_or(0) * unit->second;
  if (!(seconds > 0) || seconds > longest_s) {
    diagnostics.error(value.place(), what + ": the time must be a number above 0, and a year at most");
    return std::nullopt;
  }
  return std::chrono::nanoseconds(std::llround(seconds * 1e9));
}

using Timeouts = std::map<std::string, std::chrono::nanoseconds>;

Timeouts read_timeouts(const Node& map, Diagnostics& diagnostics) {
  Timeouts out;
  for (const auto& [key, value] : map.entries())
    if (const auto time = read_timeout(value, key.text(), diagnostics)) out.emplace(key.text(), *time);
  return out;
}

void read_all_timeouts(const Node& map, BoardType& type, Diagnostics& diagnostics) {
  if (!map) return;
  Fields fields(map, "timeouts", diagnostics);
  type.action_timeouts = read_timeouts(fields.map("actions"), diagnostics);
  type.connection_timeouts = read_timeouts(fields.map("connections"), diagnostics);
  fields.refuse_others();
}

std::map<std::string, std::string> read_context(const Node& map, Diagnostics& diagnostics) {
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : map.entries()) {
    if (value.is_scalar()) {
      out.emplace(key.text(), value.text());
    } else {
      diagnostics.error(value.place(), "context: '" + key.text() + "' must be text or a number, not " +
                                           std::string(value.kind_name()));
    }
  }
  return out;
}

std::string newline_from(std::string_view word) {
  if (word == "lf") return "\n";
  return word == "crlf" ? "\r\n" : "\r";
}

void read_drivers(const Node& map, Diagnostics& diagnostics) {
  if (!map) return;
  Fields fields(map, "drivers", diagnostics);
  for (const auto& role : address_roles()) (void)fields.map(role);
  fields.refuse_others();
}

void read_console_and_methods(Fields& fields, const std::vector<std::string>& packs, BoardType& type) {
  type.consoles = fields.texts("consoles").value_or(type.consoles);
  if (type.consoles.empty()) fields.error(fields.take("consoles"), "'consoles' must name at least one");
  type.newline = newline_from(fields.word("newline", {"cr", "lf", "crlf"}).value_or("cr"));
  type.rule_packs = fields.words("rule_packs", packs).value_or(no_words);
  type.deploy_methods = fields.words("deploy", known_deploy_methods()).value_or(no_words);
  type.boot_methods = fields.words("boot", known_boot_methods()).value_or(no_words);
}

BoardType read_fields(Fields& fields, const std::vector<std::string>& packs, Diagnostics& diagnostics) {
  BoardType type;
  type.place = fields.node().place();
  for (const auto* key : {"extends", "abstract"}) (void)fields.take(key);
  type.description = fields.text("description").value_or("");
  type.aliases = fields.texts("aliases").value_or(no_words);
  type.source = fields.text("source").value_or("");
  type.verified = read_verified(fields);
  read_console_and_methods(fields, packs, type);
  type.decoders = demux::read_decoders(fields.take("decoders"), diagnostics);
  type.typing = read_typing(fields.map("typing"), diagnostics);
  type.flash = read_flash(fields.map("flash"), diagnostics);
  read_all_timeouts(fields.map("timeouts"), type, diagnostics);
  constexpr int longest_off_ms = 600'000;
  type.power_off_time = std::chrono::milliseconds(fields.integer("power_off_time_ms", 0, longest_off_ms).value_or(0));
  constexpr int most_tries = 100;
  type.failure_retry = static_cast<std::size_t>(fields.integer("failure_retry", 1, most_tries).value_or(1));
  type.context = read_context(fields.map("context"), diagnostics);
  type.available_architectures = fields.texts("available_architectures").value_or(no_words);
  type.configurable_machine = fields.flag("configurable_machine").value_or(false);
  read_boot_facts(fields, type, diagnostics);
  read_board_facts(fields, type, diagnostics);
  type.drivers = fields.map("drivers");
  return type;
}

}  // namespace

const std::vector<std::string>& known_deploy_methods() {
  static const std::vector<std::string> methods = {"tmpfs", "tftp", "overlay", "download", "downloads",
                                                   "usb",   "sd",   "sata",    "flasher",  "recovery",
                                                   "musca", "mps",  "vemsd",   "fastboot"};
  return methods;
}

const std::vector<std::string>& known_boot_methods() {
  static const std::vector<std::string> methods = {
      "minimal", "monitor", "qemu",      "u-boot", "grub", "grub-efi", "uefi",     "kexec", "ssh",     "openocd",
      "pyocd",   "jlink",   "cmsis-dap", "dfu",    "gdb",  "flasher",  "recovery", "musca", "fastboot"};
  return methods;
}

const std::vector<std::string>& address_roles() {
  static const std::vector<std::string> roles = {"emulator", "power",   "console", "probe",
                                                 "flash",    "storage", "recovery"};
  return roles;
}

BoardType read_type(const Node& text, const std::string& name, const std::vector<std::string>& packs,
                    Diagnostics& diagnostics) {
  Fields fields(text, "board type",
                diagnostics);  // not its name: the place has it, and what a base got wrong is told once
  auto type = read_fields(fields, packs, diagnostics);
  type.name = name;
  read_drivers(type.drivers, diagnostics);
  fields.refuse_others();
  return type;
}

}  // namespace hilltop::boards
