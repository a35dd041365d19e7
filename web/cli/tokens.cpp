// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/clock.hpp"
#include "web/cli/commands.hpp"

namespace hilltop::cli {
namespace {

struct TokenOptions {
  std::string user, name, role = "submitter", project, valid_for, id;
};

int create(Context& context, const TokenOptions& options) {
  Json body{{"user", options.user}, {"name", options.name}, {"role", options.role}};
  if (!options.project.empty()) body["project"] = options.project;
  if (!options.valid_for.empty()) {
    const auto valid = duration_from(options.valid_for);
    if (!valid || valid->count() <= 0)
      return context.fail(Error(Errc::bad_input, Blame::configuration,
                                "--valid-for: '" + options.valid_for + "' is no duration (12h, 30d)"));
    body["valid_for_s"] = valid->count();
  }
  auto api = context.api();
  if (!api) return context.fail(api.error());
  const auto token = (*api)->send("POST", "/tokens", body);
  if (!token) return context.fail(token.error());
  if (context.globals.json) {
    context.print(*token);
    return exit_pass;
  }
  context.note("the token, shown this once (hilltop login URL --token ... uses it):");
  context.out << text_at(*token, "token") << '\n';
  return exit_pass;
}

int list(Context& context, const TokenOptions&) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  const auto tokens = (*api)->list("/tokens", 100000);
  if (!tokens) return context.fail(tokens.error());
  if (context.globals.json) {
    context.print(Json{{"items", *tokens}});
    return exit_pass;
  }
  Table table({{"TOKEN", true, 5, true},
               {"USER", false, 6},
               {"NAME", false, 6},
               {"ROLE", false, 6, true},
               {"PROJECT", false, 6},
               {"CREATED", false, 8},
               {"EXPIRES", false, 8},
               {"LAST USED", false, 8}});
  for (const auto& token : *tokens) {
    const bool revoked = text_at(token, "revoked") == "true";
    table.add({text_at(token, "id"), text_at(token, "user"), text_at(token, "name"), text_at(token, "role"),
               text_at(token, "project"), ago(text_at(token, "created")),
               revoked ? Cell("revoked", Style::warn) : Cell(ago(text_at(token, "expires"))),
               ago(text_at(token, "last_used"))});
  }
  context.print(table);
  return exit_pass;
}

int revoke(Context& context, const TokenOptions& options) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  const auto gone = (*api)->send("DELETE", "/tokens/" + escaped(options.id), Json());
  if (!gone) return context.fail(gone.error());
  if (context.globals.json)
    context.print(Json{{"revoked", options.id}});
  else
    context.note("token " + options.id + " revoked");
  return exit_pass;
}

}  // namespace

void add_tokens(CLI::App& app, Context& context) {
  auto* token = add_command(app, "token", "who may do what (administrators)",
                            "  hilltop token create --user ci --role submitter\n  hilltop token list");
  token->require_subcommand(1);

  auto made = std::make_shared<TokenOptions>();
  auto* maker = add_command(*token, "create", "make a token for a user; it is shown once",
                            "  hilltop token create --user ci --role submitter --name gitlab --valid-for 90d");
  maker->add_option("--user", made->user, "whose; made when there is no such user")->required()->type_name("USER");
  maker->add_option("--role", made->role, "viewer, submitter, technician or admin (default submitter)")
      ->check(CLI::IsMember({"viewer", "submitter", "technician", "admin"}))
      ->type_name("ROLE");
  maker->add_option("--name", made->name, "what it is for")->type_name("TEXT");
  maker->add_option("--project", made->project, "what its jobs belong to")->type_name("PROJECT");
  maker->add_option("--valid-for", made->valid_for, "how long it is good (default: until it is revoked)")
      ->type_name("TIME");
  runs(maker, context, made, create);

  runs(add_command(*token, "list", "list tokens; never the tokens themselves", "  hilltop token list"), context,
       std::make_shared<TokenOptions>(), list);

  auto gone = std::make_shared<TokenOptions>();
  auto* revoker = add_command(*token, "revoke", "make a token worthless, at once", "  hilltop token revoke 3");
  revoker->add_option("TOKEN", gone->id, "its number in the list")->required()->type_name("NUMBER");
  runs(revoker, context, gone, revoke);
}

}  // namespace hilltop::cli
