// SPDX-License-Identifier: Apache-2.0
#include "web/cli/commands.hpp"
#include "web/cli/offline_types.hpp"

namespace hilltop::cli {
namespace {

struct CatalogOptions {
  std::string name, types_dir;
};

template <class Names>
Json list_of(const Names& names) {
  auto list = Json::array();
  for (const auto& name : names) list.push_back(name);
  return list;
}

/// The facts of a type as the server tells them, too.
Json to_json(const boards::BoardType& type) {
  Json json{{"name", type.name},
            {"description", type.description},
            {"aliases", list_of(type.aliases)},
            {"source", type.source},
            {"verified", drivers::to_string(type.verified)},
            {"consoles", list_of(type.consoles)},
            {"deploy_methods", list_of(type.deploy_methods)},
            {"boot_methods", list_of(type.boot_methods)},
            {"rule_packs", list_of(type.rule_packs)}};
  json["flash"] = Json{{"supported", type.flash.supported},
                       {"source", type.flash.source},
                       {"verified", drivers::to_string(type.flash.verified)},
                       {"max_images", type.flash.max_images}};
  return json;
}

Result<std::vector<Json>> types_from_files(const Context& context, const std::string& folder) {
  Diagnostics diagnostics;
  const auto types = offline_types(context, folder, diagnostics);
  if (!types) return diagnostics.to_error(Blame::configuration);
  std::vector<Json> items;
  for (const auto* type : types->all()) items.push_back(to_json(*type));
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

void print_type(Context& context, const Json& type) {
  Table table({{"", false, 10, true}, {"", false, 20}});
  for (const auto& [key, value] : type.items()) {
    std::string text = value.is_array() ? joined_at(type, key) : text_at(type, key);
    if (value.is_object()) {
      for (const auto& [name, part] : value.items())
        text += (text.empty() ? "" : ", ") + name + ": " + (part.is_structured() ? part.dump() : text_at(value, name));
    }
    if (!text.empty()) table.add({Cell(key, Style::dim), Cell(text)});
  }
  context.print(table, false);
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
  Table table(
      {{"TYPE", false, 8, true}, {"DEPLOY", false, 6}, {"BOOT", false, 6}, {"FACTS", false, 6}, {"ABOUT", false, 10}});
  for (const auto& type : *all) {
    table.add({text_at(type, "name"), joined_at(type, "deploy_methods", ","), joined_at(type, "boot_methods", ","),
               text_at(type, "verified"), text_at(type, "description")});
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
  Table table({{"DRIVER", false, 8, true}, {"OFFERS", false, 8}, {"VERIFIED", false, 8}, {"ABOUT", false, 10}});
  for (const auto& driver : *drivers) {
    auto offers = text_at(driver, "offers");
    if (offers.empty()) offers = joined_at(driver, "offers");
    table.add({text_at(driver, "name"), offers, text_at(driver, "verified"), text_at(driver, "summary")});
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
