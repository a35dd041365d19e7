// SPDX-License-Identifier: Apache-2.0
#include "boards/board_type_json.hpp"
#include "web/cli/commands.hpp"
#include "web/cli/offline_types.hpp"

namespace hilltop::cli {
namespace {

struct CatalogOptions {
  std::string name, types_dir;
};

Result<std::vector<Json>> types_from_files(const Context& context, const std::string& folder) {
  Diagnostics diagnostics;
  const auto types = offline_types(context, folder, diagnostics);
  if (!types) return diagnostics.to_error(Blame::configuration);
  std::vector<Json> items;
  for (const auto* type : types->all()) items.push_back(Json::parse(boards::to_json(*type).dump()));
  return items;
}

/// From the server; from the program's own files where there is none, or where --types says so.
Result<std::vector<Json>> all_types(Context& context, const CatalogOptions& options) {
  if (!options.types_dir.empty()) return types_from_files(context, options.types_dir);
  HILLTOP_TRY(auto* api, context.api());
  auto items = api->list("/board-types", 100000);
  if (items || !is_unreachable(items.error())) return items;
  context.note("no server at " + api->target().server + ": these are the board types that came with this program");
  return types_from_files(context, "");
}

/// "openocd, pyocd": the tools, not the driver that runs them.
std::string flash_ways(const Json& type) {
  std::string out;
  for (const auto& way : type.value("flash", Json::object()).value("ways", Json::array())) {
    const auto tool = text_at(way, "tool");
    out += (out.empty() ? "" : ",") + (tool.empty() ? text_at(way, "driver") : tool);
  }
  if (out.empty() && type.value("emulated", false)) out = "emulator";
  return out;
}

std::string source_of(const Json& type, const std::string& key) {
  return text_at(type.value("sources", Json::object()), key);
}

/// A fact, and below it where it comes from.
class FactTable {
 public:
  void row(const std::string& name, const std::string& value, const std::string& source = "") {
    if (value.empty()) return;
    table_.add({Cell(name, Style::dim), Cell(value)});
    if (!source.empty()) table_.add({Cell(""), Cell("source: " + source, Style::dim)});
  }
  [[nodiscard]] const Table& table() const { return table_; }

 private:
  Table table_{{{"", false, 10, true}, {"", false, 20}}};
};

void add_flash(FactTable& facts, const Json& type) {
  const auto flash = type.value("flash", Json::object());
  if (!flash.value("supported", false)) return;
  facts.row("flash",
            joined_at(flash, "formats") +
                (text_at(flash, "raw_address").empty() ? "" : ", bin at " + text_at(flash, "raw_address")),
            text_at(flash, "source"));
  const auto add = [&](const char* name, const Json& ways) {
    for (const auto& way : ways) {
      const auto tool = text_at(way, "tool");
      facts.row(name,
                text_at(way, "driver") + (tool.empty() ? "" : " " + tool) + " " + way.value("facts", Json()).dump() +
                    " (" + text_at(way, "verified") + ")",
                text_at(way, "source"));
    }
  };
  add("by", flash.value("ways", Json::array()));
}

void add_hardware(FactTable& facts, const Json& type) {
  std::string memory, usb;
  for (const auto& region : type.value("memory", Json::array()))
    memory += (memory.empty() ? "" : ", ") + text_at(region, "name") + " " + text_at(region, "start") + " " +
              std::to_string(number_at(region, "size") / 1024) + "K";
  facts.row("memory", memory, source_of(type, "memory"));
  for (const auto& sign : type.value("usb", Json::array()))
    usb += (usb.empty() ? "" : ", ") + text_at(sign, "id") + " (" + text_at(sign, "part") + ")";
  facts.row("usb", usb, source_of(type, "usb"));
  facts.row("daplink ids", joined_at(type, "daplink_ids"), source_of(type, "daplink_ids"));
  for (const auto& probe : type.value("probes", Json::array()))
    facts.row("probe", text_at(probe, "driver") + " " + probe.value("facts", Json()).dump(), text_at(probe, "source"));
  const auto drivers = type.value("drivers", Json::object());
  if (!drivers.empty()) facts.row("drivers", drivers.dump(), source_of(type, "drivers"));
}

void add_loaders(FactTable& facts, const Json& type) {
  for (const auto& [method, loader] : type.value("loaders", Json::object()).items())
    facts.row(method,
              "prompt '" + text_at(loader, "prompt") + "', " + loader.value("addresses", Json()).dump() +
                  ", commands: " + joined_at(loader, "commands"),
              source_of(type, "loaders"));
}

void print_type(Context& context, const Json& type) {
  FactTable facts;
  for (const auto* key : {"name", "description"}) facts.row(key, text_at(type, key));
  facts.row("aliases", joined_at(type, "aliases"));
  facts.row("architecture", text_at(type, "architecture"), source_of(type, "architecture"));
  facts.row("verified", text_at(type, "verified"), text_at(type, "source"));
  for (const auto* key : {"consoles", "rule_packs", "deploy_methods", "boot_methods"})
    facts.row(key, joined_at(type, key));
  add_flash(facts, type);
  add_hardware(facts, type);
  add_loaders(facts, type);
  context.print(facts.table(), false);
}

int board_types(Context& context, const CatalogOptions& options) {
  const auto all = all_types(context, options);
  if (!all) return context.fail(all.error());
  if (!options.name.empty()) {
    std::vector<std::string> known;
    for (const auto& type : *all) {
      known.push_back(text_at(type, "name"));
      const auto aliases = type.value("aliases", Json::array());
      const bool alias = std::find(aliases.begin(), aliases.end(), Json(options.name)) != aliases.end();
      if (known.back() != options.name && !alias) continue;
      if (context.globals.json)
        context.print(type);
      else
        print_type(context, type);
      return exit_pass;
    }
    const auto hint = suggest(options.name, known);
    return context.fail(
        Error(Errc::not_found, Blame::job, "no board type '" + options.name + "'" + (hint.empty() ? "" : ": " + hint)));
  }
  if (context.globals.json) {
    context.print(Json{{"items", *all}});
    return exit_pass;
  }
  Table table({{"TYPE", false, 8, true},
               {"ARCH", false, 6},
               {"CONSOLES", false, 6},
               {"FLASH", false, 6},
               {"DEPLOY", false, 6},
               {"BOOT", false, 6},
               {"FACTS", false, 6},
               {"ABOUT", false, 10}});
  for (const auto& type : *all) {
    table.add({text_at(type, "name"), text_at(type, "architecture"), joined_at(type, "consoles", ","), flash_ways(type),
               joined_at(type, "deploy_methods", ","), joined_at(type, "boot_methods", ","), text_at(type, "verified"),
               text_at(type, "description")});
  }
  context.print(table);
  return exit_pass;
}

int list_drivers(Context& context, const CatalogOptions&) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  const auto drivers = (*api)->list("/drivers", 100000);
  if (!drivers) return context.fail(drivers.error());
  if (context.globals.json) {
    context.print(Json{{"items", *drivers}});
    return exit_pass;
  }
  Table table({{"DRIVER", false, 8, true},
               {"OFFERS", false, 8},
               {"VERIFIED", false, 8},
               {"ABOUT", false, 10},
               {"SOURCE", false, 10}});
  for (const auto& driver : *drivers) {
    auto offers = text_at(driver, "offers");
    if (offers.empty()) offers = joined_at(driver, "offers");
    table.add({text_at(driver, "name"), offers, text_at(driver, "verified"), text_at(driver, "summary"),
               text_at(driver, "source")});
  }
  context.print(table);
  return exit_pass;
}

}  // namespace

void add_catalog(CLI::App& app, Context& context) {
  auto none = std::make_shared<CatalogOptions>();
  runs(add_command(app, "drivers", "list the device drivers that the server has", "  hilltop drivers"), context, none,
       list_drivers);
  auto options = std::make_shared<CatalogOptions>();
  auto* types = add_command(app, "board-types", "list the board types, or show one",
                            "  hilltop board-types\n  hilltop board-types microbit\n"
                            "  hilltop board-types --types boards/types");
  types->add_option("TYPE", options->name, "show this one")->type_name("TYPE");
  types->add_option("--types", options->types_dir, "read this folder, ask no server")->type_name("DIR");
  runs(types, context, options, board_types);
}

}  // namespace hilltop::cli
