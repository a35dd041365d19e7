// SPDX-License-Identifier: Apache-2.0
#include "web/cli/commands.hpp"

namespace hilltop::cli {
namespace {

struct BoardOptions {
  std::string name, type, state, health;
};

/// Who has it, and for what.
std::string held_by(const Json& board) {
  const auto holder = text_at(board, "holder");
  const auto job = text_at(board, "job");
  if (!job.empty()) return "job " + job + (holder.empty() ? "" : " of " + holder);
  return holder;
}

/// "ann types", or "ann types at main (rfc2217 127.0.0.1:40001)" with details.
std::string typed_by(const Json& board, bool details) {
  std::string out;
  for (const auto& writer : board.value("writers", Json::array())) {
    out += (out.empty() ? "" : "; ") + text_at(writer, "name") + " types";
    if (details) out += " at " + text_at(writer, "console") + " (" + text_at(writer, "from") + ")";
  }
  return out;
}

std::string held_and_typed_by(const Json& board) {
  const auto typed = typed_by(board, false);
  const auto held = held_by(board);
  return held.empty() || typed.empty() ? held + typed : held + "; " + typed;
}

/// "off", or "off, but it is on, though nobody switched it".
std::string power_text(const Json& board) {
  auto out = text_at(board, "power");
  if (const auto found = text_at(board, "power_found"); !found.empty())
    out += ", but it is " + found + ", though nobody switched it";
  if (const auto problem = text_at(board, "power_problem"); !problem.empty())
    out += (out.empty() ? "not known: " : "; not known now: ") + problem;
  return out;
}

std::string served_at(const Json& board) {
  std::string out;
  for (const auto& port : board.value("ports", Json::array())) {
    const auto owner = text_at(port, "owner");  // nobody of a port of the lab
    out += (out.empty() ? "" : ", ") + text_at(port, "console") + " at " + text_at(port, "where") + " (" +
           text_at(port, "protocol") + (owner.empty() ? ", for reading" : ", by " + owner) + ")";
  }
  return out;
}

int list_boards(Context& context, const BoardOptions& options) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  auto boards = (*api)->list("/boards", 100000);
  if (!boards) return context.fail(boards.error());
  std::erase_if(*boards, [&](const Json& board) {
    const auto differs = [&](const char* key, const std::string& wanted) {
      return !wanted.empty() && text_at(board, key) != wanted;
    };
    return differs("type", options.type) || differs("state", options.state) || differs("health", options.health);
  });
  if (context.globals.json) {
    context.print(Json{{"items", *boards}});
    return exit_pass;
  }
  Table table({{"BOARD", false, 8, true},
               {"TYPE", false, 6},
               {"STATE", false, 6, true},
               {"HEALTH", false, 6, true},
               {"POWER", false, 3},
               {"HELD BY", false, 6},
               {"TAGS", false, 4},
               {"ABOUT", false, 6}});
  for (const auto& board : *boards) {
    const auto health = text_at(board, "health");
    auto about = text_at(board, "problem");
    if (about.empty()) about = text_at(board, "health_reason");
    if (about.empty()) about = text_at(board, "description");
    table.add({text_at(board, "name"), text_at(board, "type"), text_at(board, "state"),
               Cell(health, style_of_health(health)), text_at(board, "power"), held_and_typed_by(board),
               joined_at(board, "tags", ","), about});
  }
  if (boards->empty())
    context.note("no such boards");
  else
    context.print(table);
  return exit_pass;
}

int show_board(Context& context, const BoardOptions& options) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  const auto board = (*api)->get("/boards/" + escaped(options.name));
  if (!board) return context.fail(board.error());
  if (context.globals.json) {
    context.print(*board);
    return exit_pass;
  }
  Table table({{"", false, 8, true}, {"", false, 20}});
  const auto row = [&table](const char* name, const std::string& value, Style style = Style::plain) {
    if (!value.empty()) table.add({Cell(name, Style::dim), Cell(value, style)});
  };
  row("board", text_at(*board, "name"), Style::bold);
  row("type", text_at(*board, "type"));
  row("about", text_at(*board, "description"));
  row("state", text_at(*board, "state"));
  row("health", text_at(*board, "health"), style_of_health(text_at(*board, "health")));
  row("because", text_at(*board, "health_reason"));
  row("problem", text_at(*board, "problem"));
  row("power", power_text(*board));
  row("held by", held_by(*board));
  row("lease", text_at(*board, "lease"));
  row("tags", joined_at(*board, "tags"));
  row("consoles", joined_at(*board, "consoles"));
  row("typing", typed_by(*board, true));
  row("served", served_at(*board));
  row("offers", joined_at(*board, "offers"));
  row("worker", text_at(*board, "worker"));
  context.print(table, false);
  return exit_pass;
}

}  // namespace

void add_boards(CLI::App& app, Context& context) {
  auto filter = std::make_shared<BoardOptions>();
  auto* list = add_command(app, "boards", "list the lab's boards: state, health, who has them",
                           "  hilltop boards\n  hilltop boards --type microbit --state idle");
  list->add_option("--type", filter->type, "of this board type")->type_name("TYPE");
  list->add_option("--state", filter->state, "idle, leased, cleaning or offline")
      ->check(CLI::IsMember({"idle", "leased", "cleaning", "offline"}));
  list->add_option("--health", filter->health, "unknown, good, suspect, bad, maintenance or retired")
      ->check(CLI::IsMember({"unknown", "good", "suspect", "bad", "maintenance", "retired"}));
  runs(list, context, filter, list_boards);

  auto one = std::make_shared<BoardOptions>();
  auto* board = add_command(app, "board", "look at one board", "  hilltop board show microbit-01");
  board->require_subcommand(1);
  auto* show = add_command(*board, "show", "show one board", "  hilltop board show microbit-01");
  show->add_option("BOARD", one->name, "the board's name")->required()->type_name("BOARD");
  runs(show, context, one, show_board);
  add_board_add(*board, context);
}

}  // namespace hilltop::cli
