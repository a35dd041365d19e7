// SPDX-License-Identifier: Apache-2.0
#include <termios.h>
#include <unistd.h>

#include "web/cli/commands.hpp"
#include "web/cli/signals.hpp"

namespace hilltop::cli {
namespace {

struct LoginOptions {
  std::string url;
};

std::string ask(Context& context, const std::string& question) {
  context.err << question << std::flush;
  std::string answer;
  std::getline(context.in, answer);
  return answer;
}

/// Asks without showing what is typed. The terminal is as before afterwards, even when a signal comes: it waits until
/// then.
std::string ask_secret(Context& context, const std::string& question) {
  termios before{};
  const bool hide = tcgetattr(STDIN_FILENO, &before) == 0;
  if (!hide) return ask(context, question);
  const SignalInput held{SIGTERM, SIGHUP};
  termios silent = before;
  // Ctrl-C and Ctrl-Z become characters that end the line's input as an empty answer does.
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  auto answer = ask(context, question);
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
  context.err << '\n';
  return answer.find('\x03') == std::string::npos ? answer : "";
}

Error usage(const std::string& text) { return Error(Errc::bad_input, Blame::configuration, text); }

int login(Context& context, const LoginOptions& options) {
  const auto path = config_path();
  auto config = read_config(path);
  if (!config) config = Config{};  // a broken file is what login writes anew
  auto target = resolve_target(options.url.empty() ? context.globals.server : options.url, context.globals.token,
                               context.globals.ca_file, Config{}, path);
  if (!options.url.empty()) target.origin = "the address given";
  if (options.url.empty() && target.origin == "the default") {
    if (!context.screen.in_is_terminal)
      return context.fail(usage("login: say which server: hilltop login URL --token T"));
    const auto proposal = config->server.empty() ? target.server : config->server;
    const auto answer = ask(context, "Server [" + proposal + "]: ");
    target.server = normal_url(answer.empty() ? proposal : answer);
    target.origin = "the address given";
  }
  if (target.token.empty()) {
    if (!context.screen.in_is_terminal) return context.fail(usage("login: a token is needed: --token T"));
    target.token = ask_secret(context, "Token (hilltop token create makes one): ");
    if (target.token.empty()) return context.fail(usage("login: no token, nothing changed"));
  }
  Api api(target);
  const auto who = api.get("/whoami", Deadline::after(10s));
  if (!who) return context.fail(who.error());
  if (const auto written = write_config(path, {target.server, target.token, target.ca_file}); !written)
    return context.fail(written.error());
  if (context.globals.json) {
    context.print(*who);
  } else {
    context.out << "logged in at " << target.server << " as " << printable(text_at(*who, "user")) << " ("
                << printable(text_at(*who, "role")) << "); remembered in " << path.string() << '\n';
  }
  return exit_pass;
}

}  // namespace

void add_login(CLI::App& app, Context& context) {
  auto options = std::make_shared<LoginOptions>();
  auto* command = add_command(app, "login", "remember a server and a token",
                              "  hilltop login\n  hilltop login https://lab.example.org --token htp_...\n\n"
                              "What is not given is asked for. Written to ~/.config/hilltop/config.yaml, mode 0600.");
  command->add_option("URL", options->url, "the server's address")->type_name("URL");
  runs(command, context, options, login);
}

}  // namespace hilltop::cli
