// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <sstream>
#include <utility>

#include "web/cli/commands.hpp"

namespace hilltop::cli {
namespace {

struct DiscoverOptions {
  bool all = false;
};

/// "ttyACM0, sda".
std::string nodes_of(const Json& device) {
  std::string out;
  for (const auto& node : device.value("nodes", Json::array())) {
    const auto path = text_at(node, "path");
    out += (out.empty() ? "" : ", ") + path.substr(path.rfind('/') + 1);
  }
  return out;
}

std::string claimed_by(const Json& thing) {
  std::string out;
  for (const auto& claim : thing.value("claims", Json::array()))
    out += (out.empty() ? "" : ", ") + text_at(claim, "board") + " (" + text_at(claim, "role") + ")";
  return out;
}

/// The best guess, and how many others there are.
std::string guessed(const Json& device) {
  const auto guesses = device.value("guesses", Json::array());
  if (guesses.empty()) return "";
  const auto first = text_at(guesses.front(), "type");
  return guesses.size() == 1 ? first : fmt::format("{} or {} others", first, guesses.size() - 1);
}

void print_devices(Context& context, const Json& devices) {
  Table table({{"PATH", false, 5, true},
               {"ID", false, 9, true},
               {"NAME", false, 10},
               {"SERIAL", false, 8},
               {"SPEED", false, 6},
               {"KIND", false, 6},
               {"PORTS", false, 6},
               {"MAY BE", false, 6},
               {"BOARD", false, 6}});
  for (const auto& device : devices) {
    const bool usable = device.value("usable", false);
    table.add(
        {text_at(device, "path"), text_at(device, "id"), text_at(device, "name"), text_at(device, "serial"),
         text_at(device, "speed"),
         Cell(text_at(device, "kind") + (usable ? "" : " (no right to open it)"), usable ? Style::plain : Style::warn),
         nodes_of(device), guessed(device), claimed_by(device)});
  }
  if (devices.empty())
    context.note("no USB device is plugged into the worker");
  else
    context.print(table);
}

void print_ports(Context& context, const Json& ports) {
  if (ports.empty()) return;
  Table table({{"PORT", false, 8, true}, {"BOARD", false, 6}});
  for (const auto& port : ports) table.add({text_at(port, "path"), claimed_by(port)});
  context.out << '\n';
  context.print(table);
}

void print_stanzas(Context& context, const Json& devices) {
  bool first = true;
  for (const auto& device : devices) {
    std::istringstream stanza(text_at(device, "stanza"));
    if (stanza.view().empty()) continue;
    if (std::exchange(first, false))
      context.out
          << "\nNot yet in the lab file. To add one: hilltop board add --device PATH, or put it below boards:\n";
    context.out << "\n# " << printable(text_at(device, "name") + " at " + text_at(device, "path")) << '\n';
    for (std::string line; std::getline(stanza, line);) context.out << printable(line) << '\n';
  }
}

int discover(Context& context, const DiscoverOptions& options) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  const auto found = (*api)->get("/discover", Deadline::after(60s));
  if (!found) return context.fail(found.error());
  if (context.globals.json) {
    context.print(*found);
    return exit_pass;
  }
  auto devices = found->value("devices", Json::array());
  auto shown = Json::array();
  for (const auto& device : devices)
    if (options.all || text_at(device, "kind") != "hub") shown.push_back(device);
  print_devices(context, shown);
  print_ports(context, found->value("ports", Json::array()));
  if (!context.globals.quiet) print_stanzas(context, devices);
  return exit_pass;
}

}  // namespace

void add_discover(CLI::App& app, Context& context) {
  auto options = std::make_shared<DiscoverOptions>();
  auto* command = add_command(app, "discover", "list what is plugged into the worker, and how to add it to the lab",
                              "  hilltop discover\n  hilltop discover --all\n\n"
                              "Needs the role technician. What a board of the lab has is shown with the board.");
  command->add_flag("--all", options->all, "hubs, too");
  runs(command, context, options, discover);
}

}  // namespace hilltop::cli
