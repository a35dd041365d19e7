// SPDX-License-Identifier: Apache-2.0
#include "web/cli/program.hpp"

#include <algorithm>

#include "drivers/core/node.hpp"
#include "web/cli/commands.hpp"
#include "web/cli/complete.hpp"

namespace hilltop::cli {
namespace {

struct NoOptions {};

int show_version(Context& context, const NoOptions&) {
  Json versions{{"hilltop", context.places.version}};
  auto api = context.api();
  if (!api) return context.fail(api.error());
  const auto server = (*api)->get("/version", Deadline::after(2s));
  if (server) versions["server"] = *server;
  if (context.globals.json) {
    context.print(versions);
    return exit_pass;
  }
  context.out << "hilltop " << context.places.version << '\n';
  if (server && server->is_object())
    context.out << "server  " << printable(text_at(*server, "version")) << " at " << (*api)->target().server << '\n';
  else
    context.out << "server  none at " << (*api)->target().server << '\n';
  return exit_pass;
}

void add_globals(CLI::App& app, Globals& globals) {
  const std::string group = "Options of every command";
  app.add_option("--server", globals.server, "the server's address; else HILLTOP_URL, else what hilltop login wrote")
      ->type_name("URL")
      ->group(group);
  app.add_option("--token", globals.token, "access token; else HILLTOP_TOKEN, else what hilltop login wrote")
      ->type_name("TOKEN")
      ->group(group);
  app.add_option("--ca-file", globals.ca_file, "who signed the server's certificate (PEM); else HILLTOP_CA_FILE")
      ->type_name("FILE")
      ->group(group);
  app.add_flag("--json", globals.json, "print JSON, for scripts")->group(group);
  app.add_flag("-q,--quiet", globals.quiet, "no progress and no notes")->group(group);
  app.add_option("--color", globals.color, "auto, always or never (NO_COLOR is respected)")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHEN")
      ->group(group);
}

void add_all(CLI::App& app, Context& context) {
  add_login(app, context);
  add_boards(app, context);
  add_discover(app, context);
  add_offline(app, context);
  add_demux(app, context);
  add_submit(app, context);
  add_jobs(app, context);
  add_log(app, context);
  add_leases(app, context);
  add_console(app, context);
  add_grep(app, context);
  add_operate(app, context);
  add_catalog(app, context);
  add_tokens(app, context);
  add_lab(app, context);
  add_events(app, context);
  add_completion(app, context);
  runs(add_command(app, "version", "show the versions of this program and of the server", "  hilltop version"), context,
       std::make_shared<NoOptions>(), show_version);
}

void make_app(CLI::App& app, Context& context) {
  app.name("hilltop");
  app.fallthrough();  // --json and the like may stand behind the command
  app.require_subcommand(1);
  app.set_version_flag("--version", "hilltop " + context.places.version);
  app.footer(
      "Help on one command: hilltop COMMAND --help\nFirst steps:         hilltop login, hilltop boards, "
      "hilltop submit FILE --wait");
  add_globals(app, context.globals);
  add_all(app, context);
}

/// The command that the words were meant for: the deepest that was named.
const CLI::App* named(const CLI::App* app) {
  for (auto chosen = app->get_subcommands(); !chosen.empty(); chosen = app->get_subcommands()) app = chosen.front();
  return app;
}

/// "'x' is no command: did you mean 'y'?" where a word stands in place of a command; else "".
std::string no_such_command(const CLI::App& app) {
  std::vector<std::string> known;
  for (const auto* sub :
       named(&app)->get_subcommands([](const CLI::App* sub) { return !sub->get_name().starts_with('_'); }))
    known.push_back(sub->get_name());
  const auto words = app.remaining(true);
  if (known.empty() || words.empty() || words.front().starts_with('-')) return {};
  const auto hint = suggest(words.front(), known);
  return "'" + words.front() + "' is no command" + (hint.empty() ? "" : ": " + hint);
}

int usage_error(Context& context, const CLI::App& app, const std::string& text) {
  std::string path;
  for (const auto* level = named(&app); level != nullptr; level = level->get_parent())
    path = level->get_name() + (path.empty() ? "" : " " + path);
  (void)context.fail(Error(Errc::bad_input, Blame::configuration, text + "\nsee " + path + " --help"));
  return exit_refused;
}

ColorMode color_mode(const std::string& name) {
  if (name == "always") return ColorMode::always;
  return name == "never" ? ColorMode::never : ColorMode::automatic;
}

}  // namespace

CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& summary,
                      const std::string& examples) {
  auto* command = parent.add_subcommand(name, summary);
  if (!examples.empty()) command->footer("Examples:\n" + examples);
  return command;
}

int run(Context& context, std::vector<std::string> words) {
  CLI::App app("hilltop: boards on the bench, for people and for CI");
  make_app(app, context);
  if (!words.empty() && words.front() == "__complete") {
    words.erase(words.begin());
    return complete(context, app, words);
  }
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
  try {
    app.parse(words);
  } catch (const CLI::Success& wanted) {  // --help, --version
    const auto text = no_such_command(app);
    return text.empty() ? app.exit(wanted, context.out, context.err) : usage_error(context, app, text);
  } catch (const CLI::ParseError& error) {
    const auto text = no_such_command(app);
    return usage_error(context, app, text.empty() ? error.what() : text);
  }
  if (const auto mode = color_mode(context.globals.color); mode != ColorMode::automatic) {
    context.screen.out_color = context.screen.err_color = mode == ColorMode::always;
  }
  const int exit = context.action ? context.action() : static_cast<int>(exit_refused);
  context.out.flush();
  return exit;
}

Places places_of(const std::filesystem::path& program, const std::filesystem::path& source_dir, std::string version) {
  std::error_code none;
  const auto share = program.parent_path().parent_path() / "share/hilltop";
  const bool installed = std::filesystem::is_directory(share / "types", none);
  const auto data = installed ? share : source_dir / "boards";
  return {program, data / "types", data / "rules", std::move(version)};
}

}  // namespace hilltop::cli
