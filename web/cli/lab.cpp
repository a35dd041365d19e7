// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/io_context.hpp>
#include <optional>
#include <sstream>

#include "boards/inventory_complaints.hpp"
#include "drivers/core/process.hpp"
#include "web/cli/commands.hpp"
#include "web/cli/files.hpp"
#include "web/cli/offline_types.hpp"

namespace hilltop::cli {
namespace {

struct LabOptions {
  std::string file, types_dir, rules_dir, out;
};

/// hilltopd beside this program, else in PATH (run_tool looks there), else nothing.
std::string find_daemon(const Context& context) {
  std::error_code none;
  const auto beside = context.places.program.parent_path() / "hilltopd";
  if (std::filesystem::exists(beside, none)) return beside.string();
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (!folder.empty() && std::filesystem::exists(std::filesystem::path(folder) / "hilltopd", none)) return "hilltopd";
  }
  return "";
}

Task<> run_into(Command command, std::shared_ptr<std::optional<Result<ToolOutput>>> place) {
  *place = co_await run_tool(std::move(command), Deadline::after(60s));
  co_return ok();
}

Result<ToolOutput> run_to_its_end(Command command) {
  asio::io_context io(1);
  TaskScope scope(io.get_executor(), "lab check");
  auto place = std::make_shared<std::optional<Result<ToolOutput>>>();
  scope.spawn("hilltopd --check-lab", run_into(std::move(command), place));
  io.run();
  if (!place->has_value()) return Error(Errc::internal, Blame::bug, "hilltopd --check-lab did not end");
  return **std::move(place);
}

/// What the daemon says of the file with its own drivers. Value: its complaints, and whether the file is good.
Result<std::pair<bool, std::string>> ask_daemon(const std::string& daemon, const Context& context,
                                                const LabOptions& options) {
  Command command({daemon, "--check-lab", options.file});
  const auto types = options.types_dir.empty() ? context.places.types_dir.string() : options.types_dir;
  const auto rules = options.rules_dir.empty() ? context.places.rules_dir.string() : options.rules_dir;
  command.argv.insert(command.argv.end(), {"--types", types, "--rules", rules});
  HILLTOP_TRY(auto said, run_to_its_end(std::move(command)));
  if (said.status != 0 && said.status != 2)
    return Error(Errc::io, Blame::bug,
                 daemon + " --check-lab ended with " + std::to_string(said.status) + ": " + said.text);
  return std::pair(said.status == 0, std::move(said.text));
}

/// Without the daemon: YAML, the keys of the file, and the board types. No driver is known here.
std::pair<bool, std::string> check_structure(const Context& context, const LabOptions& options) {
  Diagnostics diagnostics;
  Diagnostics read;
  const Node lab = read_yaml_file(options.file, read);
  boards::add_all(boards::refused_repeats(read, lab["boards"]), diagnostics);
  const auto types = offline_types(context, options.types_dir, diagnostics);
  if (lab && !lab["boards"].is_map() && !lab["boards"].is_sequence())
    diagnostics.error(lab.place(), "a lab file needs boards", "boards: {microbit-01: {type: microbit}}");
  const auto check = [&](const Node& board) {
    const auto type = board["type"];
    if (!type.is_string())
      diagnostics.error(board.place(), "a board needs a type", "hilltop board-types lists them");
    else if (types && types->find(type.text()) == nullptr)
      diagnostics.error(type.place(), "board type '" + type.text() + "' is unknown",
                        suggest(type.text(), types->names()));
  };
  for (const auto& entry : lab["boards"].entries()) check(entry.value);
  for (const auto& board : lab["boards"].items()) check(board);
  return {!diagnostics.has_errors(), diagnostics.to_string()};
}

int check(Context& context, const LabOptions& options) {
  const auto readable = read_file(options.file, context.in);
  if (!readable) return context.fail(readable.error());
  const auto daemon = find_daemon(context);
  std::pair<bool, std::string> verdict;
  if (daemon.empty()) {
    context.note("hilltopd is not here: the drivers' addresses are not checked");
    verdict = check_structure(context, options);
  } else {
    auto said = ask_daemon(daemon, context, options);
    if (!said) return context.fail(said.error());
    verdict = *std::move(said);
  }
  std::istringstream lines(verdict.second);
  auto complaints = Json::array();
  for (std::string line; std::getline(lines, line);) {
    complaints.push_back(line);
    if (!context.globals.json) context.err << printable(line) << '\n';
  }
  if (context.globals.json)
    context.print(Json{{"file", options.file}, {"ok", verdict.first}, {"complaints", complaints}});
  else if (verdict.first && !context.globals.quiet)
    context.out << options.file << ": " << styled("OK", Style::good, context.screen.out_color) << '\n';
  return verdict.first ? exit_pass : exit_refused;
}

int apply(Context& context, const LabOptions& options) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  std::string text;
  if (!options.file.empty()) {
    auto read = read_file(options.file, context.in);
    if (!read) return context.fail(read.error());
    text = *std::move(read);
    if (text.empty()) return context.fail(Error(Errc::bad_input, Blame::configuration, options.file + ": is empty"));
  }
  const auto path = "/lab" + query_of({{"file", options.file == "-" ? "stdin" : options.file}});
  const auto change = (*api)->send_text("PUT", path, "application/yaml", text, Deadline::after(60s));
  if (!change) return context.fail(change.error());
  if (context.globals.json) {
    context.print(*change);
    return exit_pass;
  }
  bool any = false;
  for (const char* what : {"added", "removed", "changed"}) {
    const auto names = joined_at(*change, what);
    if (names.empty()) continue;
    any = true;
    context.out << what << ": " << printable(names) << '\n';
  }
  if (!any) context.note("nothing changed");
  return exit_pass;
}

int export_lab(Context& context, const LabOptions&) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  const auto text = (*api)->get_text("/lab");
  if (!text) return context.fail(text.error());
  if (context.globals.json) {
    Diagnostics diagnostics;
    const auto node = read_yaml(*text, "lab.yaml", diagnostics);
    if (!node) return context.fail(diagnostics.to_error(Blame::configuration));
    context.print(Json::parse(node.to_json().dump()));
  } else {
    context.out << *text;
  }
  return exit_pass;
}

}  // namespace

void add_lab(CLI::App& app, Context& context) {
  auto* lab = add_command(app, "lab", "the file that says what is plugged in",
                          "  hilltop lab check lab.yaml\n  hilltop lab apply lab.yaml");
  lab->require_subcommand(1);

  auto checked = std::make_shared<LabOptions>();
  auto* checker = add_command(*lab, "check", "check a lab file, without a server",
                              "  hilltop lab check deploy/labs/demo/lab.yaml\n\n"
                              "Complaints read FILE:LINE:COL: message. Exit code 2 when there is an error.");
  checker->add_option("FILE", checked->file, "the lab file")->required()->type_name("FILE");
  checker->add_option("--types", checked->types_dir, "folder of board types")->type_name("DIR");
  checker->add_option("--rules", checked->rules_dir, "folder of rule packs")->type_name("DIR");
  runs(checker, context, checked, check);

  auto applied = std::make_shared<LabOptions>();
  auto* applier = add_command(*lab, "apply", "make a lab file the server's; without FILE it reads its own again",
                              "  hilltop lab apply lab.yaml\n  hilltop lab apply");
  applier->add_option("FILE", applied->file, "the lab file; - is standard input")->type_name("FILE");
  runs(applier, context, applied, apply);

  runs(add_command(*lab, "export", "print the server's lab file", "  hilltop lab export > lab.yaml"), context,
       std::make_shared<LabOptions>(), export_lab);
  add_lab_doctor(*lab, context);
}

}  // namespace hilltop::cli
