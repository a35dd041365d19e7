// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>
#include <map>
#include <sstream>

#include "drivers/core/clock.hpp"
#include "web/api/problem.hpp"
#include "web/cli/commands.hpp"
#include "web/cli/files.hpp"
#include "web/cli/job_text.hpp"
#include "web/cli/job_watch.hpp"
#include "web/cli/junit_merge.hpp"

namespace hilltop::cli {
namespace {

struct SubmitOptions {
  std::vector<std::string> files;
  bool wait = false;
  std::string junit, ids_out;
  std::string patience = "2m";
};

/// What came of one file.
struct Submitted {
  std::string file;
  std::string id;  ///< "" when it was refused
  ExitCode exit = exit_pass;
  std::string refusal;  ///< the complaints, a line each
};

Submitted refused(Context& context, const std::string& file, const Error& error) {
  return {file, "", static_cast<ExitCode>(context.fail(error)), error.text};
}

Submitted submit_one(Context& context, Api& api, const std::string& path) {
  const auto file = path == "-" ? std::string("stdin") : path;
  const auto text = read_file(path, context.in);
  if (!text) return refused(context, file, text.error());
  const auto answer = api.send_text("POST", "/jobs" + query_of({{"file", file}}), "application/yaml", *text);
  if (!answer) return refused(context, file, answer.error());
  return {file, text_at(*answer, "id"), exit_pass, ""};
}

/// One line of a refusal: its place is null where it names none.
Json complaint_json(const std::string& line) {
  const auto found = web::complaints_from(line);
  if (found.empty()) return {{"line", nullptr}, {"column", nullptr}, {"message", line}};
  const auto& one = found.front();
  Json out;
  for (const char* key : {"file", "line", "column", "message", "suggestion", "severity"}) {
    const auto& value = one.at(key);
    if (!value.is_string() || value != "") out[key] = value;
  }
  return out;
}

Json refusal_json(const Submitted& one) {
  auto errors = Json::array();
  std::istringstream lines(one.refusal);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) errors.push_back(complaint_json(line));
  }
  return {{"id", nullptr}, {"file", one.file}, {"errors", std::move(errors)}};
}

/// One job id a line in the order of the files, "-" for a file that was refused.
Result<> write_ids(const std::string& path, const std::vector<Submitted>& all) {
  std::string text;
  for (const auto& one : all) text += (one.id.empty() ? "-" : one.id) + "\n";
  return write_file(path, text);
}

void say_submitted(Context& context, const std::vector<Submitted>& all) {
  if (context.globals.json) {
    auto list = Json::array();
    for (const auto& one : all)
      list.push_back(one.id.empty() ? refusal_json(one) : Json{{"id", std::stoull(one.id)}, {"file", one.file}});
    return context.print(all.size() == 1 ? list.front() : list);
  }
  for (const auto& one : all) {
    if (one.id.empty()) continue;
    if (context.globals.quiet)
      context.out << one.id << '\n';
    else
      context.out << fmt::format("job {0} submitted; follow it with: hilltop log {0} --follow\n", one.id);
  }
  context.out.flush();
}

/// Why there are no results (yet) of a job that was accepted.
std::string missing_results(const Watched& watched, const Json& job, const std::string& id) {
  const auto last = job.is_object() ? "; when last seen it was " + text_at(job, "state") : std::string();
  if (watched.interrupted) return "waiting for job " + id + " was interrupted before it had finished" + last;
  if (watched.failure) return "job " + id + " was lost sight of: " + watched.failure->text + last;
  return "job " + id + " has no results";
}

/// The results of each file, in order; an error element where there are none, so that nobody takes a file that was cut
/// short for a run in which all went well.
Result<> write_junit(Api& api, const std::string& path, const std::vector<Submitted>& all, const Watched& watched) {
  std::vector<JunitPart> parts;
  std::map<std::string, int> of_that_name;
  auto job = watched.jobs.begin();
  std::optional<Error> failed;
  for (const auto& one : all) {
    if (one.id.empty()) {
      parts.push_back({"", error_junit(one.file, "submit", "refused", one.refusal)});
      continue;
    }
    const auto& seen = *job++;
    // The same names at each run: who keeps a history of cases knows them again.
    auto name = seen.is_object() ? text_at(seen, "name") : one.file;
    if (const int nth = ++of_that_name[name]; nth > 1) name += "#" + std::to_string(nth);
    if (is_finished(seen) && !failed) {
      auto text = api.get_text("/jobs/" + escaped(one.id) + "/results?format=junit");
      if (text) {
        parts.push_back({std::move(name), *std::move(text)});
        continue;
      }
      failed = text.error();
    }
    const auto why = is_finished(seen) ? "the results of job " + one.id + " cannot be had: " + failed->text
                                       : missing_results(watched, seen, one.id);
    parts.push_back({"", error_junit(name, "job " + one.id, watched.interrupted ? "interrupted" : "lost", why)});
  }
  HILLTOP_CHECK(write_file(path, merged_junit(parts)));
  return failed ? Result<>(*failed) : ok();
}

void say_interrupted(Context& context, const std::vector<Json>& jobs, const std::vector<std::string>& ids) {
  std::string running;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (!is_finished(jobs[i])) running += " " + ids[i];
  }
  const auto one = running.substr(1, running.find(' ', 1) - 1);
  context.note("\nstill running:" + running + "\n  follow:  hilltop log " + one + " --follow\n  result:  hilltop job " +
               one + "\n  cancel:  hilltop cancel" + running);
}

void print_outcomes(Context& context, const std::vector<Submitted>& all, const std::vector<Json>& jobs) {
  if (context.globals.json) {
    auto list = Json::array();
    auto job = jobs.begin();
    for (const auto& one : all) list.push_back(one.id.empty() ? refusal_json(one) : *job++);
    return context.print(list.size() == 1 ? list.front() : list);
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (i > 0) context.out << '\n';
    print_outcome(context, jobs[i]);
  }
}

/// Until all that were accepted have finished.
Watched watch_accepted(Context& context, Api& api, const SubmitOptions& options, const std::vector<Submitted>& all) {
  std::vector<std::string> ids;
  for (const auto& one : all) {
    if (!one.id.empty()) ids.push_back(one.id);
  }
  if (ids.empty()) return {};
  return watch_jobs(context, api, std::move(ids), duration_from(options.patience).value_or(std::chrono::minutes(2)));
}

/// Value: the exit code.
int say_outcomes(Context& context, const std::vector<Submitted>& all, const Watched& watched) {
  if (watched.failure) return context.fail(*watched.failure);
  if (watched.interrupted) {
    say_interrupted(context, watched.jobs, watched.ids);
    return 130;  // as a shell reports a program that Ctrl-C ended
  }
  print_outcomes(context, all, watched.jobs);
  ExitCode exit = exit_pass;
  for (const auto& job : watched.jobs) exit = worst(exit, exit_code_of_job(job));
  return exit;
}

int wait_for(Context& context, Api& api, const SubmitOptions& options, std::vector<Submitted>& all) {
  const auto watched = watch_accepted(context, api, options, all);
  auto last = watched.ids.begin();
  for (auto& one : all) {
    if (!one.id.empty()) one.id = *last++;
  }
  const int exit = say_outcomes(context, all, watched);
  if (options.junit.empty()) return exit;
  const auto written = write_junit(api, options.junit, all, watched);
  return written || watched.failure ? exit : std::max<int>(exit, context.fail(written.error()));
}

int submit(Context& context, const SubmitOptions& options) {
  if (!options.junit.empty() && !options.wait)
    return context.fail(Error(Errc::bad_input, Blame::configuration, "--junit needs --wait: results come at the end"));
  if (!duration_from(options.patience))
    return context.fail(Error(Errc::bad_input, Blame::configuration,
                              "--patience: '" + options.patience + "' is no duration (90s, 2m, 1h30m)"));
  auto api = context.api();
  if (!api) return context.fail(api.error());
  std::vector<Submitted> all;
  ExitCode exit = exit_pass;
  for (const auto& file : options.files) {
    if (exit == exit_unreachable) {
      all.push_back({file, "", exit, "not submitted: the server is out of reach"});
      continue;
    }
    all.push_back(submit_one(context, **api, file));
    exit = worst(exit, all.back().exit);
  }
  const auto keep_ids = [&] { return options.ids_out.empty() ? Result<>(ok()) : write_ids(options.ids_out, all); };
  if (const auto written = keep_ids(); !written) return context.fail(written.error());
  if (!options.wait) {
    say_submitted(context, all);
    return exit;
  }
  const int waited = wait_for(context, **api, options, all);
  // A job that was repeated has another number now.
  if (const auto written = keep_ids(); !written) return context.fail(written.error());
  return std::max<int>(exit, waited);
}

}  // namespace

void add_submit(CLI::App& app, Context& context) {
  auto options = std::make_shared<SubmitOptions>();
  auto* command =
      add_command(app, "submit", "submit jobs, and wait for their verdicts with --wait",
                  "  hilltop submit hello.yaml --wait\n  hilltop submit a.yaml b.yaml --wait --junit results.xml\n\n"
                  "Exit code with --wait: 0 pass, 1 fail, 2 refused, 3 incomplete, 4 canceled, 5 server out of reach;\n"
                  "of several files the highest. Ctrl-C leaves the jobs running.");
  command->add_option("FILE", options->files, "job definitions; - is standard input")->required()->type_name("FILE");
  command->add_flag("-w,--wait", options->wait, "wait until all have finished; show progress, verdicts and results");
  command->add_option("--junit", options->junit, "write the results of all as JUnit XML (needs --wait)")
      ->type_name("OUT.xml");
  command
      ->add_option("--ids-out", options->ids_out,
                   "write the job ids to a file, one a line in the order of the files (- for a refused one;\n"
                   "with --wait at the end the last attempt's)")
      ->type_name("OUT");
  command->add_option("--patience", options->patience, "how long a lost server is waited for (default 2m)")
      ->type_name("TIME");
  runs(command, context, options, submit);
}

}  // namespace hilltop::cli
