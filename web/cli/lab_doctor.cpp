// SPDX-License-Identifier: Apache-2.0
// `hilltop lab doctor` and `hilltop lab import`.
#include <filesystem>
#include <fstream>

#include "web/cli/commands.hpp"
#include "web/cli/files.hpp"
#include "web/cli/lab_import.hpp"
#include "web/cli/offline_types.hpp"

namespace hilltop::cli {
namespace {

struct DoctorOptions {
  std::string file, out, name, types_dir;
};

Style style_of(const std::string& state) {
  if (state == "bad") return Style::bad;
  return state == "warning" ? Style::warn : Style::good;
}

int doctor(Context& context, const DoctorOptions&) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  const auto found = (*api)->get("/lab/doctor", Deadline::after(180s));
  if (!found) return context.fail(found.error());
  bool bad = false;
  Table table({{"", false, 4, true}, {"WHAT", false, 10}, {"FOUND", false, 10}, {"TO DO", false, 10}});
  for (const auto& check : found->value("checks", Json::array())) {
    const auto state = text_at(check, "state");
    bad = bad || state == "bad";
    table.add(
        {Cell(state, style_of(state)), text_at(check, "subject"), text_at(check, "detail"), text_at(check, "fix")});
  }
  if (context.globals.json)
    context.print(*found);
  else if (table.empty())
    context.note("the lab's boards need nothing of this machine");
  else
    context.print(table);
  return bad ? exit_refused : exit_pass;
}

Result<> write_out(Context& context, const DoctorOptions& options, const std::string& text) {
  if (options.out.empty()) {
    context.out << text;
    return ok();
  }
  std::error_code none;
  if (std::filesystem::exists(options.out, none))
    return Error(Errc::bad_input, Blame::configuration, options.out + " is there already: it is not written over");
  std::ofstream file(options.out, std::ios::binary);
  if (!(file << text).flush()) return system_error(options.out, errno);
  context.note(options.out + ": written");
  return ok();
}

int import_file(Context& context, const DoctorOptions& options) {
  const auto text = read_file(options.file, context.in);
  if (!text) return context.fail(text.error());
  Diagnostics diagnostics, of_types;
  const auto types = offline_types(context, options.types_dir, of_types);
  const auto node = read_yaml(*text, options.file == "-" ? "stdin" : options.file, diagnostics);
  Imported imported;
  if (node) imported = import_lab(node, options.file, types ? &*types : nullptr, diagnostics);
  if (diagnostics.has_errors()) {
    auto error = diagnostics.to_error(Blame::configuration);
    if (!node && text->find("{%") != text->npos)
      error.text += "\nthis is a Jinja template: render it first (LAVA: lavacli devices dict get NAME)";
    return context.fail(error);
  }
  if (auto written = write_out(context, options, to_lab_text(imported, options.name, options.file)); !written)
    return context.fail(written.error());
  return exit_pass;
}

}  // namespace

void add_lab_doctor(CLI::App& lab, Context& context) {
  runs(add_command(lab, "doctor", "check rights, devices and tools that the lab's boards need",
                   "  hilltop lab doctor\n\nExit code 2 when something is missing."),
       context, std::make_shared<DoctorOptions>(), doctor);
  auto options = std::make_shared<DoctorOptions>();
  options->name = "my-lab";
  auto* importer = add_command(lab, "import", "make a lab file from another farm's file, without a server",
                               "  hilltop lab import map.yml > lab.yaml\n"
                               "  hilltop lab import /etc/pdudaemon/pdudaemon.conf --out lab.yaml\n\n"
                               "Reads Twister hardware maps, labgrid exporter YAML, pdudaemon configurations and\n"
                               "LAVA device dictionaries (lavacli devices dict get NAME). What has no meaning here\n"
                               "stays as a comment.");
  importer->add_option("FILE", options->file, "the file; - is standard input")->required()->type_name("FILE");
  importer->add_option("--out", options->out, "write it there instead of standard output")->type_name("OUT");
  importer->add_option("--name", options->name, "the lab's name")->capture_default_str();
  importer->add_option("--types", options->types_dir, "folder of board types")->type_name("DIR");
  runs(importer, context, options, import_file);
}

}  // namespace hilltop::cli
