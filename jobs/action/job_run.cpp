// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/job_run.hpp"

#include <cctype>
#include <nlohmann/json.hpp>

namespace hilltop::jobs {
namespace {

constexpr auto default_connection_timeout = std::chrono::seconds(30);  // LAVA's, when a plan names none

nlohmann::json to_log_json(const TestCase& test_case) {
  nlohmann::json out{
      {"definition", test_case.suite}, {"case", test_case.name}, {"result", to_string(test_case.result)}};
  if (test_case.measurement) out["measurement"] = *test_case.measurement;
  if (!test_case.units.empty()) out["units"] = test_case.units;
  if (test_case.duration_s) out["duration"] = *test_case.duration_s;
  if (!test_case.message.empty()) out["error_msg"] = test_case.message;
  return out;
}

/// A secret that is a usual word, or the name of the user who logs in with it, is taken out where it is given: in
/// `NAME=secret` of a shell's trace here, and where it is typed by the console's log.
void mask_secrets(const JobDefinition& job, Masker& masker) {
  for (const auto& [name, secret] : job.secrets) {
    if (!is_usual_word(secret)) {
      masker.add(secret);
      continue;
    }
    for (const char* quote : {"", "'", "\""}) masker.add_behind(name + "=" + quote, secret);
  }
  for (const auto& block : job.actions) {
    const auto* boot = std::get_if<Boot>(&block);
    if (boot == nullptr || !boot->auto_login || !boot->auto_login->password) continue;
    const auto& login = *boot->auto_login;
    if (!is_usual_word(*login.password) && *login.password != login.username) masker.add(*login.password);
  }
}

}  // namespace

const PlannedAction* ActionContext::child(std::string_view name) const {
  return planned == nullptr ? nullptr : planned->find(name);
}

std::chrono::nanoseconds ActionContext::connection_timeout() const {
  if (planned == nullptr || planned->connection_timeout.value.count() <= 0) return default_connection_timeout;
  return planned->connection_timeout.value;
}

JobRun::JobRun(PipelineInput pipeline_input, asio::any_io_executor executor)
    : input(std::move(pipeline_input)), console(input.board->console()) {
  mask_secrets(*input.definition, *masker);
  if (!console) return;
  cursor = console->end();
  console_log = std::make_shared<ConsoleLog>(std::move(executor), console, input.board->rules(), input.sink, masker);
}

std::uint64_t JobRun::log(LogLevel level, std::string text) {
  return input.sink->log({utc_now(), level, (*masker)(std::move(text)), name_space_});
}

void JobRun::set_name_space(std::string name_space) {
  name_space_ = std::move(name_space);
  if (console_log) console_log->set_name_space(name_space_);
}

void JobRun::note(Finding finding, std::string text) {
  text = (*masker)(std::move(text));  // it becomes the job's reason
  log(row_of(finding).verdict == Verdict::fail ? LogLevel::warning : LogLevel::error, text);
  facts.push_back({finding, std::move(text)});
}

Error JobRun::fail(Finding finding, std::string text) {
  text = (*masker)(std::move(text));
  note(finding, text);
  return {Errc::mismatch, row_of(finding).blame, std::move(text)};
}

void JobRun::report(TestCase test_case) {
  for (auto* text : {&test_case.name, &test_case.units, &test_case.message}) *text = (*masker)(std::move(*text));
  const auto number =
      log(LogLevel::results, to_log_json(test_case).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  if (test_case.line == 0) test_case.line = number;
  if (test_case.suite != "lava") {
    ++cases_reported;
    const auto name = test_case.suite + "/" + test_case.name;
    if (test_case.result == CaseResult::fail) facts.push_back({Finding::case_failed, name + " failed"});
    if (test_case.result == CaseResult::unknown)
      facts.push_back({Finding::no_result, name + " has no result: unknown"});
  }
  input.sink->result(std::move(test_case));
}

namespace {

PlannedAction unplanned(const ActionContext& context, std::string_view name) {
  PlannedAction out;
  out.name = name;
  if (context.planned != nullptr) out.level = context.planned->level;
  return out;
}

}  // namespace

Step::Step(JobRun& run, const ActionContext& context, std::string_view name)
    : Step(run, context.deadline, context.child(name) != nullptr ? *context.child(name) : unplanned(context, name)) {}

Step::Step(JobRun& run, Deadline deadline, const PlannedAction& planned)
    : run_(run),
      level_(planned.level),
      name_(planned.name),
      deadline_(deadline),
      began_(std::chrono::steady_clock::now()) {
  if (planned.timeout.value.count() > 0) deadline_ = deadline_.at_most(planned.timeout.value);
  run_.input.sink->action_started(level_, name_);
}

Step::~Step() {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
  run_.input.sink->action_ended(level_, name_, ok_, took.count());
}

std::string case_id(std::string_view text) {
  std::string out;
  bool gap = false;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (u >= 0x80 || c == '_' || std::isalnum(u) != 0) {
      out += static_cast<char>(std::tolower(u));
      gap = false;
    } else if (!gap) {
      out += '_';
      gap = true;
    }
  }
  return out;
}

std::string monitor_suite(std::string_view name) {
  std::string out;
  for (const char c : name) out += c == ' ' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace hilltop::jobs
