// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <set>

#include "web/cli/commands.hpp"
#include "web/cli/job_text.hpp"

namespace hilltop::cli {
namespace {

struct ListOptions {
  std::string state, verdict, board, board_type, submitter;
  std::size_t limit = 25;
};

int list_jobs(Context& context, const ListOptions& options) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  const auto query = query_of({{"state", options.state},
                               {"verdict", options.verdict},
                               {"board", options.board},
                               {"board_type", options.board_type},
                               {"submitter", options.submitter}});
  const auto jobs = (*api)->list("/jobs" + query, options.limit);
  if (!jobs) return context.fail(jobs.error());
  if (context.globals.json) {
    context.print(Json{{"items", *jobs}});
    return exit_pass;
  }
  Table table({{"JOB", true, 3, true},
               {"NAME", false, 8},
               {"STATE", false, 6, true},
               {"BOARD", false, 6},
               {"CASES", true, 5},
               {"SUBMITTED", false, 8},
               {"BY", false, 4},
               {"DOING", false, 8}});
  for (const auto& job : *jobs) {
    const bool finished = is_finished(job);
    const auto state = finished ? text_at(job, "verdict") : text_at(job, "state");
    const auto board = text_at(job, "board");
    table.add({text_at(job, "id"), text_at(job, "name"), Cell(state, style_of_verdict(state)),
               board.empty() ? text_at(job, "board_type") : board,
               fmt::format("{}/{}", number_at(job, "passed"), number_at(job, "cases")), ago(text_at(job, "submitted")),
               text_at(job, "submitter"), finished ? text_at(job, "reason") : doing(job)});
  }
  if (jobs->empty())
    context.note("no jobs; submit one with: hilltop submit FILE --wait");
  else
    context.print(table);
  return exit_pass;
}

struct OneJob {
  std::vector<std::string> ids;
  std::string format = "table";
  bool definition = false;
};

void print_job(Context& context, const Json& job) {
  Table table({{"", false, 9, true}, {"", false, 20}});
  const auto row = [&](const char* name, const std::string& value, Style style = Style::plain) {
    if (!value.empty()) table.add({Cell(name, Style::dim), Cell(value, style)});
  };
  const auto time = [&](const char* key) {
    const auto text = text_at(job, key);
    return text.empty() ? text : text + "  (" + ago(text) + ")";
  };
  row("job", text_at(job, "id"));
  row("name", text_at(job, "name"), Style::bold);
  row("state", text_at(job, "state"));
  row("verdict", text_at(job, "verdict"), style_of_verdict(text_at(job, "verdict")));
  row("reason", text_at(job, "reason"));
  row("blame", text_at(job, "blame"));
  row("doing", doing(job));
  row("board", text_at(job, "board"));
  row("type", text_at(job, "board_type"));
  row("tags", joined_at(job, "tags"));
  row("by", text_at(job, "submitter"));
  row("project", text_at(job, "project"));
  row("attempt", number_at(job, "attempt") > 1 ? text_at(job, "attempt") : "");
  row("rerun of", text_at(job, "rerun_of"));
  row("submitted", time("submitted"));
  row("started", time("started"));
  row("finished", time("finished"));
  if (!text_at(job, "started").empty()) row("took", short_seconds(elapsed_seconds(job)));
  context.print(table, false);
  if (const auto results = results_table(job); !results.empty()) {
    context.out << '\n';
    context.print(results);
  }
}

int show_job(Context& context, const OneJob& options) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  const auto path = "/jobs/" + escaped(options.ids.front());
  if (options.definition) {
    const auto text = (*api)->get_text(path + "/definition");
    if (!text) return context.fail(text.error());
    context.out << *text;
    return exit_pass;
  }
  const auto job = (*api)->get(path);
  if (!job) return context.fail(job.error());
  if (context.globals.json)
    context.print(*job);
  else
    print_job(context, *job);
  return exit_pass;
}

int show_results(Context& context, const OneJob& options) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  const auto path = "/jobs/" + escaped(options.ids.front());
  const auto format = context.globals.json ? "json" : options.format;
  if (format != "table") {
    const auto text = (*api)->get_text(path + "/results?format=" + format);
    if (!text) return context.fail(text.error());
    const auto json = format == "json" ? Json::parse(*text, nullptr, false) : Json();
    if (json.is_structured())
      context.print(json);
    else
      context.out << *text;
    return exit_pass;
  }
  const auto job = (*api)->get(path);
  if (!job) return context.fail(job.error());
  if (!is_finished(*job)) context.note("the job has not finished: " + printable(doing(*job)));
  const auto table = results_table(*job);
  if (table.empty())
    context.note("no results" + (is_finished(*job) ? ": " + printable(text_at(*job, "reason")) : std::string()));
  else
    context.print(table);
  return exit_pass;
}

/// Why a job cannot be canceled; of one that has finished, how it did.
Error not_canceled(Api& api, const std::string& id, const Error& why) {
  const auto job = why.code == Errc::bad_input ? api.get("/jobs/" + escaped(id)) : Result<Json>(why);
  if (!job || !is_finished(*job)) return why.text.starts_with("job " + id) ? why : Error(why).within("job " + id);
  const auto reason = text_at(*job, "reason");
  return {why.code, why.blame,
          "job " + id + " has finished: " + text_at(*job, "verdict") + (reason.empty() ? "" : ": " + reason)};
}

int cancel_jobs(Context& context, const OneJob& options) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  int exit = exit_pass;
  auto canceled = Json::array();
  std::set<std::string> seen;
  for (const auto& id : options.ids) {
    if (!seen.insert(id).second) continue;  // said twice: one answer
    const auto answer = (*api)->send("POST", "/jobs/" + escaped(id) + "/cancel", Json());
    if (!answer) {
      exit = std::max(exit, context.fail(not_canceled(**api, id, answer.error())));
      continue;
    }
    canceled.push_back(id);
    if (!context.globals.json && !context.globals.quiet) context.out << "job " << id << " is being canceled\n";
  }
  if (context.globals.json) context.print(Json{{"canceled", canceled}});
  return exit;
}

CLI::App* add_job_command(CLI::App& app, const std::shared_ptr<OneJob>& options, const char* name, const char* summary,
                          const char* examples, int most) {
  auto* command = add_command(app, name, summary, examples);
  command->add_option("JOB", options->ids, "job id")->required()->expected(1, most)->type_name("JOB");
  return command;
}

}  // namespace

void add_jobs(CLI::App& app, Context& context) {
  auto filter = std::make_shared<ListOptions>();
  auto* list = add_command(app, "jobs", "list jobs, newest first",
                           "  hilltop jobs\n  hilltop jobs --verdict fail --board microbit-01\n"
                           "  hilltop jobs --state running --json");
  list->add_option("--state", filter->state, "submitted, scheduled, running, canceling or finished")
      ->check(CLI::IsMember({"submitted", "scheduled", "running", "canceling", "finished"}));
  list->add_option("--verdict", filter->verdict, "pass, fail, incomplete or canceled")
      ->check(CLI::IsMember({"pass", "fail", "incomplete", "canceled"}));
  list->add_option("--board", filter->board, "ran on this board")->type_name("BOARD");
  list->add_option("--type", filter->board_type, "for this board type")->type_name("TYPE");
  list->add_option("--by", filter->submitter, "submitted by this user")->type_name("USER");
  list->add_option("-n,--limit", filter->limit, "at most so many (default 25)")->type_name("N");
  runs(list, context, filter, list_jobs);

  auto one = std::make_shared<OneJob>();
  auto* show = add_job_command(app, one, "job", "show one job with its verdict and results",
                               "  hilltop job 12\n  hilltop job 12 --json\n  hilltop job 12 --definition", 1);
  show->add_flag("--definition", one->definition, "print the definition as it was submitted");
  runs(show, context, one, show_job);

  auto wanted = std::make_shared<OneJob>();
  auto* results = add_job_command(app, wanted, "results", "print the results of a job",
                                  "  hilltop results 12\n  hilltop results 12 --format junit > results.xml", 1);
  results->add_option("-f,--format", wanted->format, "table, json, junit, tap or lava")
      ->check(CLI::IsMember({"table", "json", "junit", "tap", "lava"}));
  runs(results, context, wanted, show_results);

  auto gone = std::make_shared<OneJob>();
  runs(add_job_command(app, gone, "cancel", "cancel jobs, in whatever state",
                       "  hilltop cancel 12\n  hilltop cancel 12 13", 1000),
       context, gone, cancel_jobs);
}

}  // namespace hilltop::cli
