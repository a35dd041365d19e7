// SPDX-License-Identifier: Apache-2.0
#include "web/cli/job_text.hpp"

#include <fmt/format.h>

#include <vector>

#include "web/cli/exit_code.hpp"

namespace hilltop::cli {
namespace {

std::string number_text(const Json& value, const char* format) {
  return value.is_number() ? fmt::format(fmt::runtime(format), value.get<double>()) : "";
}

Json member(const Json& object, const char* key) { return object.is_object() ? object.value(key, Json()) : Json(); }

}  // namespace

bool is_finished(const Json& job) { return text_at(job, "state") == "finished"; }

ExitCode exit_code_of_job(const Json& job) { return exit_code_of_verdict(text_at(job, "verdict")); }

std::string verdict_line(const Json& job, bool color) {
  std::string line = fmt::format("job {} ({})", text_at(job, "id"), printable(text_at(job, "name")));
  if (const auto board = text_at(job, "board"); !board.empty()) line += " on " + printable(board);
  const auto verdict = text_at(job, "verdict");
  line += ": " + styled(verdict, style_of_verdict(verdict), color);
  if (const auto reason = text_at(job, "reason"); !reason.empty()) line += ": " + printable(reason);
  if (const auto blame = text_at(job, "blame"); !blame.empty()) line += " (" + blame + ")";
  if (!text_at(job, "started").empty()) line += ", " + short_seconds(elapsed_seconds(job));
  return line;
}

Table results_table(const Json& job) {
  Table table({{"SUITE", false, 8},
               {"CASE", false, 12},
               {"RESULT", false, 6, true},
               {"MEASURED", true, 8},
               {"TIME", true, 6, true},
               {"MESSAGE", false, 10}});
  // The job's own suites first; what the machinery says of itself ("lava") at the end.
  std::vector<Json> suites;
  for (const bool machinery : {false, true}) {
    for (const auto& suite : member(job, "suites")) {
      if ((text_at(suite, "name") == "lava") == machinery) suites.push_back(suite);
    }
  }
  for (const auto& suite : suites) {
    for (const auto& test : member(suite, "cases")) {
      const auto result = text_at(test, "result");
      auto measured = number_text(member(test, "measurement"), "{:.6g}");
      if (!measured.empty()) measured += " " + text_at(test, "units");
      const auto duration = number_text(member(test, "duration_s"), "{:.3f} s");
      table.add({text_at(suite, "name"), text_at(test, "name"), Cell(result, style_of_verdict(result)), measured,
                 duration, text_at(test, "message")});
    }
  }
  return table;
}

void print_outcome(Context& context, const Json& job) {
  context.out << verdict_line(job, context.screen.out_color) << '\n';
  if (const auto table = results_table(job); !table.empty()) context.print(table);
  context.out.flush();
}

std::string doing(const Json& job) {
  const auto state = text_at(job, "state");
  if (state == "finished") return "";
  if (state == "submitted" || state == "scheduled") {
    const auto reason = text_at(job, "waiting_for");
    return reason.empty() ? "waiting" : reason;
  }
  return text_at(job, "current_action");
}

double elapsed_seconds(const Json& job) {
  const auto started = text_at(job, "started");
  return seconds_between(started.empty() ? text_at(job, "submitted") : started, text_at(job, "finished"));
}

}  // namespace hilltop::cli
