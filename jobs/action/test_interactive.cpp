// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <set>

#include "jobs/action/actions.hpp"
#include "jobs/action/dialog.hpp"
#include "jobs/action/watching.hpp"

namespace hilltop::jobs {
namespace {

using boards::PatternSet;

constexpr auto line_patience = 200ms;

/// One script at work.
struct Script {
  std::shared_ptr<JobRun> run;
  const InteractiveScript* script;
  ActionContext context;
  Deadline deadline = Deadline::never();
  std::shared_ptr<Dialog> dialog;
  TestWindow window;
  std::string suite;
  PatternSet prompts;
  std::set<std::string> seen;
};

/// How a step ended.
struct StepEnd {
  CaseResult result = CaseResult::pass;
  std::string message;
  std::uint64_t at = 0;                               ///< offset that decided it
  const InteractiveStep::Failure* failure = nullptr;  ///< the failure that was seen
};

std::string step_name(const InteractiveStep& step) {
  if (step.name) return "'" + *step.name + "'";
  return step.place.line > 0 ? "in line " + std::to_string(step.place.line) : "without a name";
}

/// The command with `{JOB_ID}` and captured groups in place; other braces stay.
std::string substituted(const JobRun& run, std::string text) {
  const auto put = [&text](const std::string& key, const std::string& value) {
    const auto name = "{" + key + "}";
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + value.size()))
      text.replace(at, name.size(), value);
  };
  put("JOB_ID", std::to_string(run.input.job_id));
  for (const auto& [key, value] : run.captured) put(key, value);
  return text;
}

/// Failures first, then successes: the order in which equal places are decided.
Result<PatternSet> patterns_of(const InteractiveStep& step) {
  std::vector<std::string> patterns;
  for (const auto& failure : step.failures) patterns.push_back(failure.message);
  for (const auto& success : step.successes) patterns.push_back(success.message);
  return PatternSet::compile(std::move(patterns));
}

/// Whether one of the step's successes stands in the echo of what was typed.
Result<bool> success_in(const InteractiveStep& step, const std::string& echo) {
  if (echo.empty() || step.successes.empty()) return false;
  std::vector<std::string> patterns;
  for (const auto& success : step.successes) patterns.push_back(success.message);
  HILLTOP_TRY(const auto set, PatternSet::compile(std::move(patterns)));
  HILLTOP_TRY(const auto hit, set.search(echo));
  return hit.has_value();
}

Error only_echo(const Script& s, const InteractiveStep& step) {
  return s.run->fail(Finding::only_echo,
                     "step " + step_name(step) + " of '" + s.script->name +
                         "': its success was seen only in the echo of the command, not in the board's answer");
}

Task<DialogMatch> wait_for(std::shared_ptr<Script> s, Awaited awaited) {
  const auto limit = s->deadline.at_most(s->context.connection_timeout());
  co_return co_await expect_watching<DialogMatch>(s->run, s->dialog.get(), awaited, s->window, limit);
}

Task<> explain_stall(std::shared_ptr<Script> s, const InteractiveStep* step, std::string what) {
  HILLTOP_CO_CHECK(co_await judge_console(s->run, s->window, s->run->console->end()));
  HILLTOP_CO_TRY(const bool in_echo, success_in(*step, s->dialog->echo()));
  if (in_echo) co_return only_echo(*s, *step);
  const auto text = "step " + step_name(*step) + " of '" + s->script->name + "': " + what +
                    "; the last words were: " + s->dialog->tail();
  co_return co_await stalled(s->run, s->window, !s->dialog->heard_anything(), text);
}

/// Waits for a step's answer and judges it.
Task<StepEnd> await_answer(std::shared_ptr<Script> s, const InteractiveStep* step) {
  Awaited awaited;
  awaited.prompts = s->prompts;
  HILLTOP_CO_TRY(awaited.others, patterns_of(*step));
  auto match = co_await wait_for(s, awaited);
  if (!match) {
    if (match.error().code != Errc::timeout) co_return co_await explained(s->run, s->window, std::move(match).error());
    auto explained = co_await explain_stall(s, step, "no answer and no prompt came in time");
    co_return std::move(explained).error();
  }
  for (const auto& [name, value] : match->groups) s->run->captured[name] = value;
  StepEnd end;
  end.at = match->end;
  if (match->is_prompt) {
    if (step->successes.empty()) co_return end;
    HILLTOP_CO_TRY(const bool in_echo, success_in(*step, match->echo));
    if (in_echo) co_return only_echo(*s, *step);
    end.result = CaseResult::fail;
    end.message = "the prompt came before any of the successes";
  } else if (match->index < step->failures.size()) {
    end.failure = &step->failures[match->index];
    end.result = CaseResult::fail;
    end.message = end.failure->error.empty() ? "the board said: " + clean_for_display(match->text) : end.failure->error;
  }
  if (match->is_prompt || !step->wait_for_prompt) co_return end;
  Awaited prompt_only;
  prompt_only.prompts = s->prompts;
  auto prompt = co_await wait_for(s, prompt_only);
  if (prompt || end.result == CaseResult::fail) co_return end;
  if (prompt.error().code != Errc::timeout) co_return co_await explained(s->run, s->window, std::move(prompt).error());
  auto explained = co_await explain_stall(s, step, "the prompt did not come back");
  co_return std::move(explained).error();
}

Finding finding_for(const StepEnd& end) {
  if (end.failure == nullptr) return Finding::case_failed;
  if (end.failure->exception == "InfrastructureError") return Finding::infrastructure_failed;
  if (end.failure->exception == "JobError") return Finding::job_wrong;
  return Finding::case_failed;
}

/// Reports a step's end; a failure ends the script when the step has no name or the failure raises an exception.
Task<> report(std::shared_ptr<Script> s, const InteractiveStep* step, StepEnd end) {
  if (step->name) {
    if (auto shown = co_await ConsoleLog::catch_up(s->run->console_log, end.at, Deadline::after(line_patience)); !shown)
      if (shown.error().code == Errc::canceled) co_return shown;
    TestCase test_case{s->suite, *step->name, end.result};
    test_case.line = end.at > 0 ? s->run->console_log->log_line_at(end.at - 1) : 0;
    test_case.message = end.message;
    s->seen.insert(*step->name);
    const auto& expected = s->script->expected;
    if (expected && std::ranges::find(*expected, *step->name) == expected->end()) {
      s->run->log(LogLevel::warning, "case '" + *step->name + "' is not in the list of expected cases");
      test_case.result = CaseResult::fail;
      test_case.message = "not an expected case";
    }
    s->run->report(std::move(test_case));
  }
  if (end.result == CaseResult::pass) co_return ok();
  const bool raises = end.failure != nullptr && !end.failure->exception.empty();
  if (step->name && !raises) co_return ok();
  co_return s->run->fail(finding_for(end),
                         "step " + step_name(*step) + " of '" + s->script->name + "' failed: " + end.message);
}

/// A command that asks for a reset makes the boot banner an answer.
bool asks_for_reset(std::string_view command) {
  std::string lower;
  for (const char c : command) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr char ctrl_d = '\x04';  // MicroPython: soft reset
  return lower.contains("reset") || lower.contains("reboot") || lower == "boot" || lower.contains(ctrl_d);
}

Task<> run_step(std::shared_ptr<Script> s, const InteractiveStep* step) {
  if (step->delay) co_return co_await sleep_for(*step->delay, s->deadline);
  bool may_reset = s->window.resets_from == UINT64_MAX;  // the first answer: the board may still be booting
  if (step->command) {
    const auto command = substituted(*s->run, *step->command);
    may_reset = may_reset || asks_for_reset(command);
    if (may_reset) s->window.resets_from = UINT64_MAX;
    HILLTOP_CO_CHECK(co_await s->dialog->type(command, false, s->deadline));
  }
  HILLTOP_CO_TRY(auto end, co_await await_answer(s, step));
  if (may_reset) s->window.resets_from = s->run->cursor;
  co_return co_await report(s, step, std::move(end));
}

Task<> run_script(std::shared_ptr<Script> s) {
  HILLTOP_CO_TRY(s->prompts, PatternSet::compile(s->script->prompts));
  for (const auto& step : s->script->script) {
    auto result = co_await run_step(s, &step);
    if (result) continue;
    if (step.delay && result.error().code == Errc::timeout)
      co_return co_await stalled(s->run, s->window, false, "'" + s->script->name + "': its time was over in a delay");
    co_return result;
  }
  co_return co_await judge_console(s->run, s->window, s->run->cursor);
}

void report_missing(const Script& s) {
  if (!s.script->expected) return;
  for (const auto& name : *s.script->expected) {
    if (s.seen.contains(name)) continue;
    s.run->note(Finding::expected_missing, "the expected case " + s.suite + "/" + name + " was not seen");
    TestCase missing{s.suite, name, CaseResult::fail};
    missing.message = "expected, and not seen";
    s.run->report(std::move(missing));
  }
}

}  // namespace

Task<> test_interactive(std::shared_ptr<JobRun> run, const TestInteractive* block, ActionContext context) {
  for (const auto& script : block->scripts) {
    auto s = std::make_shared<Script>();
    s->run = run;
    s->script = &script;
    s->context = context;
    s->deadline = context.deadline;
    s->dialog = std::make_shared<Dialog>(run);
    s->window = {run->cursor, UINT64_MAX, std::nullopt};
    s->suite = std::to_string(context.stage) + "_" + script.name;
    const auto facts_before = run->facts.size();
    auto result = co_await run_script(s);
    if (!result && result.error().code == Errc::canceled) co_return result;
    report_missing(*s);
    const bool ended = result.has_value();
    result = after_skip(*run, context, facts_before, std::move(result));
    run->report({"lava", s->suite, ended ? CaseResult::pass : result ? CaseResult::skip : CaseResult::fail});
    if (!result) co_return result;
  }
  co_return ok();
}

}  // namespace hilltop::jobs
