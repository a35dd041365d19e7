// SPDX-License-Identifier: Apache-2.0
#include <sstream>

#include "jobs/action/actions.hpp"
#include "jobs/action/dialog.hpp"
#include "jobs/action/prepared_overlay.hpp"
#include "jobs/action/test_overlay.hpp"
#include "jobs/action/test_shell_run.hpp"

namespace hilltop::jobs {
namespace {

using boards::PatternSet;
using shell::ShellRun;

constexpr auto answer_patience = 20s;  // for a shell that has nothing to do
constexpr std::size_t read_bytes = 64 * 1024;
constexpr auto fault_quiet = 5s;  // after a fault: the board is taken to be dead when it says nothing for so long

/// The prompts of the shell that the last boot in this namespace reached.
std::vector<std::string> prompts_before(const JobRun& run, const TestDefinitions* block) {
  std::vector<std::string> prompts;
  for (const auto& action : run.input.definition->actions) {
    if (const auto* test = std::get_if<TestDefinitions>(&action); test == block) break;
    const auto* boot = std::get_if<Boot>(&action);
    if (boot == nullptr || boot->common.name_space != block->common.name_space) continue;
    if (const auto& shown = effective_prompts(*boot, run.input.board->type()); !shown.empty()) prompts = shown;
  }
  return prompts;
}

Error no_shell(const ShellRun& s, const Dialog& dialog, const std::string& what) {
  if (!dialog.heard_anything()) return s.run->fail(Finding::board_silent, what + ": the board was silent");
  return s.run->fail(Finding::not_reached, what + "; the last words were: " + dialog.tail());
}

/// Types a command that says its status in a way that its own echo does not. Value: the status.
Task<int> ask(std::shared_ptr<ShellRun> s, std::shared_ptr<Dialog> dialog, std::string command) {
  const auto deadline = s->deadline.at_most(answer_patience);
  HILLTOP_CO_CHECK(
      co_await dialog->type(command + "; printf '<LAVA_%s %s>\\n' \"TEST_RUNNER BACK\" $?", false, deadline));
  Awaited awaited;
  HILLTOP_CO_TRY(awaited.others, PatternSet::compile({"<LAVA_TEST_RUNNER BACK (?P<status>[0-9]+)>"}));
  auto match = co_await dialog->expect(awaited, deadline);
  if (match) co_return std::stoi(match->groups["status"]);
  if (match.error().code != Errc::timeout) co_return std::move(match).error();
  co_return no_shell(*s, *dialog, "the shell did not answer");
}

/// Finds the shell at its prompt, and the overlay in place.
Task<> enter_shell(std::shared_ptr<ShellRun> s) {
  auto dialog = std::make_shared<Dialog>(s->run);
  HILLTOP_CO_CHECK(co_await dialog->type("#", false, s->deadline));
  if (!s->prompts.empty()) {
    Awaited awaited;
    HILLTOP_CO_TRY(awaited.prompts, PatternSet::compile(s->prompts));
    auto match = co_await dialog->expect(awaited, s->deadline.at_most(answer_patience));
    if (!match && match.error().code == Errc::timeout) co_return no_shell(*s, *dialog, "the shell gave no prompt");
    if (!match) co_return std::move(match).error();
  }
  const auto& dir = s->prepared->input.dir;
  const auto environment = dir + "/environment";
  HILLTOP_CO_TRY(const auto status, co_await ask(s, dialog, "[ -r " + environment + " ] && . " + environment));
  if (status == 0) co_return ok();
  co_return s->run->fail(Finding::job_wrong,
                         "the test overlay is not on the board: there is no " + environment +
                             " (deploy it: install_overlay, transfer_overlay, or an image with a file system)");
}

Task<std::string> read_console(std::shared_ptr<ShellRun> s, Deadline deadline) {
  auto& console = *s->run->console;
  auto chunk = co_await console.read(s->run->cursor, read_bytes, deadline);
  if (!chunk) co_return std::move(chunk).error();
  if (chunk->lost == 0) {
    s->run->cursor = chunk->offset + chunk->bytes.size();
    co_return std::move(chunk->bytes);
  }
  // Fallen behind: what was missed is in the transcript, piece by piece.
  auto missed = co_await console.fetch(s->run->cursor,
                                       s->run->cursor + std::min<std::uint64_t>(chunk->lost, read_bytes), deadline);
  if (!missed) co_return std::move(missed).error();
  if (missed->empty()) co_return Error(Errc::io, Blame::infrastructure, "bytes of the console are missing");
  s->run->cursor += missed->size();
  co_return *std::move(missed);
}

Task<> take_events(std::shared_ptr<ShellRun> s, std::vector<testshell::ShellEvent> events) {
  for (auto& event : events) HILLTOP_CO_CHECK(co_await shell::take(s, std::move(event)));
  co_return ok();
}

/// The deadline has come, or a fault explains why the board says nothing more.
Task<> stopped(std::shared_ptr<ShellRun> s, bool silent) {
  s->window.resets_from = s->window.faults_from;  // the shell did not come back: a banner is that of a reset
  HILLTOP_CO_TRY(auto rest, s->reader->finish());
  HILLTOP_CO_CHECK(co_await take_events(s, std::move(rest)));
  const auto what =
      s->running ? "'" + s->running->suite->id + "' did not end" : std::string("the test shell did not end");
  co_return co_await stalled(s->run, s->window, silent, what);
}

/// Reads until the shell is back.
Task<> read_to_end(std::shared_ptr<ShellRun> s) {
  auto heard = std::chrono::steady_clock::now();
  while (!s->back) {
    auto limit = s->deadline.at_most(fault_look);
    if (s->exited) limit = limit.earliest(*s->exited);
    auto bytes = co_await read_console(s, limit);
    const auto quiet = std::chrono::steady_clock::now() - heard;
    if (bytes) {
      heard = std::chrono::steady_clock::now();
      HILLTOP_CO_TRY(auto events, s->reader->feed(*bytes));
      HILLTOP_CO_CHECK(co_await take_events(s, std::move(events)));
    } else if (bytes.error().code != Errc::timeout) {
      s->window.resets_from = s->window.faults_from;
      co_return co_await explained(s->run, s->window, std::move(bytes).error());
    }
    if (s->back) break;
    const bool dead = quiet > fault_quiet && fault_in(*s->run, s->window, s->run->console->end());
    if (s->deadline.passed() || dead) co_return co_await stopped(s, quiet > s->context.connection_timeout());
    if (s->exited && s->exited->passed()) break;
  }
  co_return ok();
}

Task<> run_stage(std::shared_ptr<ShellRun> s) {
  HILLTOP_CO_CHECK(co_await enter_shell(s));
  auto dialog = std::make_shared<Dialog>(s->run);
  const auto& dir = s->prepared->input.dir;
  s->window = {s->run->cursor, UINT64_MAX, std::nullopt};
  s->reader = std::make_shared<testshell::SuiteReader>(s->patterns, s->run->cursor);
  HILLTOP_CO_CHECK(co_await dialog->type(dir + "/bin/lava-test-runner " + dir + "/" + std::to_string(s->stage) +
                                             "; printf '<LAVA_%s %s>\\n' \"TEST_RUNNER BACK\" $?",
                                         false, s->deadline));
  HILLTOP_CO_CHECK(co_await read_to_end(s));
  HILLTOP_CO_TRY(auto rest, s->reader->finish());
  HILLTOP_CO_CHECK(co_await take_events(s, std::move(rest)));
  co_return co_await judge_console(s->run, s->window, s->run->cursor);
}

/// The job goes on although this test's time is over: what still runs is ended as a person would, so that the next test
/// finds the shell at its prompt.
Task<> interrupt(std::shared_ptr<ShellRun> s) {
  auto& run = *s->run;
  run.log(LogLevel::info, "interrupting the test that did not end");
  auto dialog = std::make_shared<Dialog>(s->run);
  const auto deadline = Deadline::after(answer_patience);
  HILLTOP_CO_CHECK(co_await run.console->write("\x03", run.input.board->type().typing, deadline));
  Awaited awaited;
  HILLTOP_CO_TRY(awaited.others, PatternSet::compile({"<LAVA_TEST_RUNNER EXIT>"}));
  auto ended = co_await dialog->expect(std::move(awaited), deadline);
  if (!ended) run.log(LogLevel::warning, "the test goes on: " + ended.error().text);
  co_return ok();
}

/// A secret of several lines is seen line by line.
void mask_lines(JobRun& run) {
  constexpr std::size_t tellable = 6;  // shorter lines are in every log
  for (const auto& [name, secret] : run.input.definition->secrets) {
    if (!secret.contains('\n')) continue;
    std::istringstream lines(secret);
    for (std::string line; std::getline(lines, line);)
      if (line.size() >= tellable) run.masker->add(line);
  }
}

Result<std::shared_ptr<ShellRun>> set_up(std::shared_ptr<JobRun> run, const TestDefinitions* block,
                                         const ActionContext& context,
                                         std::shared_ptr<const PreparedOverlay> prepared) {
  auto s = std::make_shared<ShellRun>();
  s->run = run;
  s->context = context;
  s->deadline = context.deadline;
  s->prompts = prompts_before(*run, block);
  s->prepared = std::move(prepared);
  for (const auto& action : run->input.definition->actions) {
    const auto* test = std::get_if<TestDefinitions>(&action);
    if (test == block) break;
    if (test != nullptr && test->common.name_space == block->common.name_space) ++s->stage;
  }
  for (const auto& suite : s->suites()) {
    if (suite.script.parse_pattern.empty()) continue;
    HILLTOP_TRY(auto pattern, testshell::output_pattern(suite.script));
    s->patterns.emplace(suite.id, std::move(pattern));
  }
  return s;
}

}  // namespace

Task<> test_shell(std::shared_ptr<JobRun> run, const TestDefinitions* block, ActionContext context) {
  if (!run->console) co_return Error(Errc::unsupported, Blame::configuration, "the board has no console");
  mask_lines(*run);
  HILLTOP_CO_TRY(auto prepared, co_await prepared_overlay_for(run, context.name_space, context.deadline));
  HILLTOP_CO_TRY(auto s, set_up(run, block, context, std::move(prepared)));
  const auto facts_before = run->facts.size();
  auto result = co_await run_stage(s);
  if (!result && result.error().code == Errc::canceled) co_return result;
  const bool stopped = !result && context.skip_on_timeout && s->reader && !s->exited;
  if (stopped) HILLTOP_CO_CHECK(co_await interrupt(s));
  shell::close(*s, result.has_value());
  co_return after_skip(*run, context, facts_before, std::move(result));
}

}  // namespace hilltop::jobs
