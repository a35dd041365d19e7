// SPDX-License-Identifier: Apache-2.0
#include "jobs/pipeline.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>

#include "jobs/action/actions.hpp"

namespace hilltop::jobs {
namespace {

constexpr auto cleanup_budget = std::chrono::minutes(5);     // LAVA's
constexpr auto between_attempts = std::chrono::seconds(60);  // to switch a board off
const PlannedAction no_plan;

/// A block at work.
struct Block {
  std::size_t index = 0;
  const ActionBlock* block = nullptr;
  const PlannedAction* planned = nullptr;
  std::size_t stage = 0;
};

struct Dispatch {
  std::shared_ptr<JobRun> run;
  ActionContext context;
  Task<> operator()(const DeployTmpfs& b) const { return deploy_tmpfs(run, &b, context); }
  Task<> operator()(const DeployTftp& b) const { return deploy_tftp(run, &b, context); }
  Task<> operator()(const DeployOverlay& b) const { return deploy_overlay(run, &b, context); }
  Task<> operator()(const DeployDownload& b) const { return deploy_download(run, &b, context); }
  Task<> operator()(const DeployBoard& b) const { return deploy_board(run, &b, context); }
  Task<> operator()(const Boot& b) const { return boot(run, &b, context); }
  Task<> operator()(const TestMonitors& b) const { return test_monitors(run, &b, context); }
  Task<> operator()(const TestInteractive& b) const { return test_interactive(run, &b, context); }
  Task<> operator()(const TestDefinitions& b) const { return test_shell(run, &b, context); }
  Task<> operator()(const CommandBlock& b) const { return run_command(run, &b, context); }
};

Task<> run_action(std::shared_ptr<JobRun> run, Block block, Deadline deadline) {
  ActionContext context;
  context.planned = block.planned;
  context.deadline = deadline;
  context.name_space = common_of(*block.block).name_space;
  context.stage = block.stage;
  context.skip_on_timeout = block.planned->timeout.skip;
  const auto facts_before = run->facts.size();
  const Dispatch dispatch{run, context};
  auto result = co_await std::visit(dispatch, *block.block);
  // What no action explained, the error's blame does.
  const bool explained =
      std::any_of(run->facts.begin() + static_cast<std::ptrdiff_t>(facts_before), run->facts.end(),
                  [&](const Fact& f) { return f.text == (result ? std::string() : result.error().text); });
  if (!result && !explained) {
    auto finding = finding_of(result.error());
    // The text has gained prefixes on its way here.
    const bool not_fetched = !run->not_fetched.empty() && result.error().text.ends_with(run->not_fetched);
    if (finding == Finding::infrastructure_failed && not_fetched) finding = Finding::download_failed;
    if (finding != Finding::canceled) run->note(finding, result.error().text);
  }
  co_return result;
}

/// The last boot before block `index` in the same namespace, or nullptr.
const ActionBlock* boot_before(const JobRun& run, std::size_t index) {
  const auto& blocks = run.input.definition->actions;
  for (auto i = index; i-- > 0;)
    if (std::holds_alternative<Boot>(blocks[i]) &&
        common_of(blocks[i]).name_space == common_of(blocks[index]).name_space)
      return &blocks[i];
  return nullptr;
}

/// Brings the board back to where a further attempt can begin. A test that failed left the board in an unknown state:
/// it is booted anew.
Task<> prepare_attempt(std::shared_ptr<JobRun> run, Block block, Deadline deadline) {
  HILLTOP_CO_CHECK(co_await sleep_for(common_of(*block.block).failure_retry_interval, deadline));
  const bool touched = kind_of(*block.block) == "boot" || kind_of(*block.block) == "test";
  if (!touched) co_return ok();
  auto off = co_await run->input.board->power(drivers::PowerState::off, deadline.at_most(between_attempts));
  if (!off && off.error().code != Errc::unsupported) co_return off;  // without power control the boot action resets it
  if (kind_of(*block.block) != "test") co_return ok();
  const auto* boot_block = boot_before(*run, block.index);
  if (boot_block == nullptr) co_return ok();
  const auto at = static_cast<std::size_t>(boot_block - run->input.definition->actions.data());
  const auto& plan = run->input.plan->actions;
  co_return co_await run_action(run, Block{at, boot_block, at < plan.size() ? &plan[at] : &no_plan, 0}, deadline);
}

/// Runs a block up to `attempts` times. Each attempt has a budget of its own; the pauses and clean-up between them are
/// not taken from it.
Task<> with_attempts(std::shared_ptr<JobRun> run, Block block, Deadline limit) {
  const auto attempts = std::max<std::uint32_t>(block.planned->attempts, 1);
  const auto budget = block.planned->attempt_budget;
  const auto facts_before = run->facts.size();
  Result<> result = ok();
  for (std::uint32_t attempt = 1; attempt <= attempts; ++attempt) {
    Result<> ready = ok();
    if (attempt > 1) {
      run->log(LogLevel::info, "attempt " + std::to_string(attempt) + " of " + std::to_string(attempts));
      run->facts.resize(facts_before, Fact{Finding::defect, {}});
      ready = co_await prepare_attempt(run, block, limit);
    }
    const auto deadline = budget.count() > 0 ? limit.at_most(budget) : limit;
    if (ready)
      result = co_await run_action(run, block, deadline);
    else
      result = std::move(ready);
    const std::vector<Fact> found(run->facts.begin() + static_cast<std::ptrdiff_t>(facts_before), run->facts.end());
    const bool again = worth_another_attempt(found) && (result || result.error().code != Errc::canceled);
    if (!again || limit.passed()) break;
  }
  co_return result;
}

Task<> with_repeat(std::shared_ptr<JobRun> run, Block block, Deadline deadline) {
  const auto repeat = std::max<std::uint32_t>(block.planned->repeat, 1);
  Result<> first_failure = ok();
  for (std::uint32_t i = 1; i <= repeat; ++i) {
    if (repeat > 1) run->log(LogLevel::info, "repetition " + std::to_string(i) + " of " + std::to_string(repeat));
    auto result = co_await with_attempts(run, block, deadline);
    if (result) continue;
    if (result.error().code == Errc::canceled || deadline.passed()) co_return result;
    if (first_failure) first_failure = std::move(result);
  }
  co_return first_failure;
}

Task<> run_block(std::shared_ptr<JobRun> run, Block block, Deadline job_deadline) {
  const auto& common = common_of(*block.block);
  run->set_name_space(common.name_space == "common" ? std::string() : common.name_space);
  const auto& timeout = block.planned->timeout.value;
  const auto pauses = (block.planned->attempts > 1 ? block.planned->attempts - 1 : 0) *
                      (common.failure_retry_interval + between_attempts);
  const auto deadline = timeout.count() > 0 ? job_deadline.at_most(timeout + pauses) : job_deadline;
  const auto name = block.planned->name.empty() ? std::string(kind_of(*block.block)) : block.planned->name;
  const auto level = block.planned->level.empty() ? std::to_string(block.index + 1) : block.planned->level;
  const auto began = std::chrono::steady_clock::now();
  run->input.sink->action_started(level, name);
  run->log(LogLevel::info, "start: " + level + " " + name + " (timeout " + to_human(timeout) + ")");
  auto result = co_await with_repeat(run, block, deadline);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  run->log(LogLevel::info, "end: " + level + " " + name + " (" +
                               to_human(std::chrono::duration_cast<std::chrono::milliseconds>(took)) + ")");
  run->input.sink->action_ended(level, name, result.has_value(), took.count());
  TestCase test_case{"lava", name, result ? CaseResult::pass : CaseResult::fail};
  test_case.duration_s = took.count();
  if (!result) test_case.message = result.error().text;
  run->report(std::move(test_case));
  if (!result && job_deadline.passed()) run->log(LogLevel::error, "the job's time is over");
  co_return result;
}

/// Runs the blocks in order; the first that fails ends the job.
Task<> run_blocks(std::shared_ptr<JobRun> run) {
  const auto& definition = *run->input.definition;
  const auto& plan = *run->input.plan;
  const auto job_deadline =
      plan.job_timeout.value.count() > 0 ? Deadline::after(plan.job_timeout.value) : Deadline::never();
  std::map<std::string, std::size_t> stages;
  for (std::size_t i = 0; i < definition.actions.size(); ++i) {
    if (co_await is_canceled()) co_return canceled_error("job");
    const auto& block = definition.actions[i];
    const bool is_test = kind_of(block) == "test";
    const auto stage = is_test ? stages[common_of(block).name_space]++ : 0;
    HILLTOP_CO_CHECK(co_await run_block(
        run, Block{i, &block, i < plan.actions.size() ? &plan.actions[i] : &no_plan, stage}, job_deadline));
  }
  co_return ok();
}

/// A job whose monitors announced results and that has none has proved nothing.
void check_results(JobRun& run) {
  const auto& actions = run.input.definition->actions;
  const bool announced =
      std::ranges::any_of(actions, [](const ActionBlock& b) { return std::holds_alternative<TestMonitors>(b); });
  if (announced && run.cases_reported == 0 && run.facts.empty())
    run.note(Finding::no_result, "no monitor of this job saw a result");
}

/// Switches the board off and forgets its set-up, whatever happened. Gives why the board is suspect, "" when it is
/// clean.
asio::awaitable<std::string> clean_up(std::shared_ptr<JobRun> run) {
  run->set_name_space({});
  run->log(LogLevel::info, "cleaning up");
  auto cleaned = co_await run->input.board->clean(Deadline::after(cleanup_budget));
  run->boot_lease.reset();  // nothing of the job is served any more
  if (cleaned) co_return std::string();
  const auto why = "the board could not be cleaned: " + cleaned.error().text;
  run->log(LogLevel::error, why);
  co_return why;
}

Outcome outcome_of(JobRun& run, const Result<>& result, const std::string& unclean) {
  if (result)
    check_results(run);
  else if (run.facts.empty() && result.error().code != Errc::canceled)
    run.note(finding_of(result.error()), result.error().text);
  if (!result && result.error().code == Errc::canceled)
    run.facts.push_back({Finding::canceled, "the job was canceled"});
  auto outcome = decide(run.facts);
  if (!unclean.empty()) {
    outcome.board_suspect = true;
    outcome.reason += outcome.reason.empty() ? unclean : "; " + unclean;
  }
  TestCase job{"lava", "job", outcome.verdict == Verdict::pass ? CaseResult::pass : CaseResult::fail};
  job.message = outcome.reason;
  run.report(std::move(job));
  return outcome;
}

}  // namespace

asio::awaitable<Outcome> run_pipeline(PipelineInput input) {
  const auto executor = co_await asio::this_coro::executor;
  auto run = std::make_shared<JobRun>(std::move(input), executor);
  TaskScope scope(executor, "job " + std::to_string(run->input.job_id));
  if (run->console_log) scope.spawn("console log", ConsoleLog::follow(run->console_log));
  auto result = co_await run_blocks(run);
  if (co_await is_canceled()) result = canceled_error("job");
  co_await ignore_cancellation();
  const auto unclean = co_await clean_up(run);
  if (run->console_log) {
    // The log shows all that the board said before it was switched off.
    auto shown = co_await ConsoleLog::catch_up(run->console_log, run->console->end(), Deadline::after(10s));
    if (!shown) run->log(LogLevel::warning, "the log does not show the last lines of the console");
    run->console_log->judge_rest();
  }
  scope.cancel_all();
  co_await scope.join();
  co_return outcome_of(*run, result, unclean);
}

}  // namespace hilltop::jobs
