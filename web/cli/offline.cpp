// SPDX-License-Identifier: Apache-2.0
#include "boards/board_type.hpp"
#include "jobs/definition/job_definition.hpp"
#include "jobs/plan.hpp"
#include "web/cli/commands.hpp"
#include "web/cli/files.hpp"
#include "web/cli/offline_types.hpp"

namespace hilltop::cli {
namespace {

struct OfflineOptions {
  std::vector<std::string> files;
  std::string type, types_dir;
};

Json to_json(const Diagnostics& diagnostics) {
  auto list = Json::array();
  for (const auto& one : diagnostics.all()) {
    list.push_back(Json{{"line", one.place.line},
                        {"column", one.place.column},
                        {"severity", one.severity == Diagnostic::Severity::error ? "error" : "warning"},
                        {"message", one.message},
                        {"suggestion", one.suggestion}});
  }
  return list;
}

/// Complaints, each on a line that editors and CI understand.
void print_complaints(Context& context, const Diagnostics& diagnostics) {
  context.out.flush();
  for (const auto& one : diagnostics.all()) {
    const bool bad = one.severity == Diagnostic::Severity::error;
    if (!bad && context.globals.quiet) continue;
    context.err << styled(printable(one.to_string()), bad ? Style::bad : Style::warn, context.screen.err_color) << '\n';
  }
  context.err.flush();
}

/// Everything that can be said of a file without a server: what read_job finds, and what its board type cannot do.
bool validate_one(const std::string& file, const std::string& text, const boards::BoardTypes* types,
                  Diagnostics& diagnostics) {
  const auto job = jobs::read_job(text, file == "-" ? "stdin" : file, diagnostics);
  if (!job || types == nullptr) return job.has_value();
  const auto* type = types->find(job->device_type);
  if (type == nullptr) {
    diagnostics.warning(job->device_type_place,
                        "board type '" + job->device_type + "' is unknown here: only the job's form was checked",
                        suggest(job->device_type, types->names()));
    return true;
  }
  (void)jobs::make_plan(*job, *type, diagnostics);
  return !diagnostics.has_errors();
}

int validate(Context& context, const OfflineOptions& options) {
  Diagnostics types_read;
  const auto types = offline_types(context, options.types_dir, types_read);
  if (types_read.has_errors()) print_complaints(context, types_read);
  ExitCode exit = types_read.has_errors() ? exit_refused : exit_pass;
  auto files = Json::array();
  for (const auto& file : options.files) {
    const auto text = read_file(file, context.in);
    if (!text) {
      exit = worst(exit, static_cast<ExitCode>(context.fail(text.error())));
      files.push_back(Json{{"file", file}, {"ok", false}, {"complaints", {Json{{"message", text.error().text}}}}});
      continue;
    }
    Diagnostics diagnostics;
    const bool good = validate_one(file, *text, types ? &*types : nullptr, diagnostics);
    if (!good) exit = worst(exit, exit_refused);
    files.push_back(Json{{"file", file}, {"ok", good}, {"complaints", to_json(diagnostics)}});
    if (context.globals.json) continue;
    print_complaints(context, diagnostics);
    if (good && !context.globals.quiet)
      context.out << file << ": " << styled("OK", Style::good, context.screen.out_color) << std::endl;
  }
  if (context.globals.json) context.print(Json{{"files", files}});
  return exit;
}

int plan(Context& context, const OfflineOptions& options) {
  const auto& file = options.files.front();
  const auto text = read_file(file, context.in);
  if (!text) return context.fail(text.error());
  Diagnostics diagnostics;
  const auto types = offline_types(context, options.types_dir, diagnostics);
  auto job = jobs::read_job(*text, file == "-" ? "stdin" : file, diagnostics);
  std::optional<jobs::Plan> made;
  if (job && types && !diagnostics.has_errors()) {
    const auto name = options.type.empty() ? job->device_type : options.type;
    if (const auto* type = types->find(name))
      made = jobs::make_plan(*job, *type, diagnostics);
    else
      diagnostics.error(job->device_type_place, "board type '" + name + "' is unknown", suggest(name, types->names()));
  }
  print_complaints(context, diagnostics);
  if (!made || diagnostics.has_errors()) return exit_refused;
  if (context.globals.json)
    context.print(Json::parse(made->to_json().dump()));
  else
    context.out << made->to_text();
  return exit_pass;
}

}  // namespace

std::optional<boards::BoardTypes> offline_types(const Context& context, const std::string& types_dir,
                                                Diagnostics& diagnostics) {
  const std::filesystem::path types = types_dir.empty() ? context.places.types_dir : std::filesystem::path(types_dir);
  // A folder of rules beside the folder of types belongs to it.
  auto rules = context.places.rules_dir;
  std::error_code none;
  if (const auto beside = types / "../rules"; std::filesystem::is_directory(beside, none)) rules = beside;
  if (!std::filesystem::is_directory(types, none)) {
    diagnostics.error({}, "no board types in " + types.string(), "name their folder with --types");
    return std::nullopt;
  }
  auto read = boards::BoardTypes::load(types, rules, diagnostics);
  if (diagnostics.has_errors()) return std::nullopt;
  return read;
}

void add_offline(CLI::App& app, Context& context) {
  auto checked = std::make_shared<OfflineOptions>();
  auto* check = add_command(app, "validate", "check job definitions, without a server",
                            "  hilltop validate hello.yaml\n  hilltop validate jobs/*.yaml\n\n"
                            "Complaints read FILE:LINE:COL: message. Exit code 2 when there is an error.");
  check->add_option("FILE", checked->files, "job definitions; - is standard input")->required()->type_name("FILE");
  check->add_option("--types", checked->types_dir, "folder of board types")->type_name("DIR");
  runs(check, context, checked, validate);

  auto planned = std::make_shared<OfflineOptions>();
  auto* show = add_command(app, "plan", "print what a job will do, with every time-out, without a server",
                           "  hilltop plan hello.yaml\n  hilltop plan hello.yaml --type mps2-an385");
  show->add_option("FILE", planned->files, "a job definition; - is standard input")
      ->required()
      ->expected(1)
      ->type_name("FILE");
  show->add_option("--type", planned->type, "plan for this board type instead of the job's")->type_name("TYPE");
  show->add_option("--types", planned->types_dir, "folder of board types")->type_name("DIR");
  runs(show, context, planned, plan);
}

}  // namespace hilltop::cli
