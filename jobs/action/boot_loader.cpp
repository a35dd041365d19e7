// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/boot_loader.hpp"

#include "jobs/action/boot_script.hpp"
#include "jobs/loader_script.hpp"

namespace hilltop::jobs {
namespace {

using boards::PatternSet;
using Patterns = std::vector<std::string>;

constexpr auto press_again_after = 3s;  // a key that came while the loader did not listen yet
constexpr int presses = 3;
constexpr auto refusal_settles = 3s;  // nothing may start so soon after a refusal

/// One talk with a boot loader.
struct Talk {
  std::shared_ptr<JobRun> run;
  const Boot* block;
  std::shared_ptr<BootWatch> watch;
  boards::LoaderFacts facts;
  std::shared_ptr<Dialog> dialog;
  Patterns after_last;  ///< of the loader's last words and the kernel's first
};

Error not_said(const Talk& talk, const std::string& wanted) {
  const auto what = wanted + " was not seen in time";
  if (!talk.dialog->heard_anything()) return talk.run->fail(Finding::board_silent, what + ": the board was silent");
  return talk.run->fail(Finding::not_reached, what + "; the last words were: " + talk.dialog->tail());
}

Task<DialogMatch> wait_for(std::shared_ptr<Talk> talk, Patterns prompts, Patterns others, std::string wanted,
                           Deadline deadline) {
  Awaited awaited;
  HILLTOP_CO_TRY(awaited.prompts, PatternSet::compile(std::move(prompts)));
  HILLTOP_CO_TRY(awaited.others, PatternSet::compile(std::move(others)));
  auto match = co_await expect_booting(talk->run, talk->watch, talk->dialog, std::move(awaited), deadline);
  if (match || match.error().code != Errc::timeout) co_return match;
  co_return not_said(*talk, wanted);
}

/// Presses the key that stops the automatic boot until the loader's prompt is there.
Task<> interrupt(std::shared_ptr<Talk> talk, ActionContext context) {
  Step step(*talk->run, context, "bootloader-interrupt");
  const auto& facts = talk->facts;
  HILLTOP_CO_CHECK(co_await wait_for(talk, {}, {facts.interrupt_prompt},
                                     "the boot loader's '" + facts.interrupt_prompt + "'", step.deadline()));
  Awaited awaited;
  HILLTOP_CO_TRY(awaited.others, PatternSet::compile({facts.prompt}));
  for (int i = 1; i <= presses; ++i) {
    talk->run->log(LogLevel::info, "stopping the automatic boot");
    const auto& typing = talk->run->input.board->type().typing;
    HILLTOP_CO_CHECK(co_await talk->run->console->write(facts.interrupt_text, typing, step.deadline()));
    const auto patience = i < presses ? step.deadline().at_most(press_again_after) : step.deadline();
    auto match = co_await expect_booting(talk->run, talk->watch, talk->dialog, awaited, patience);
    if (match) {
      step.succeed();
      co_return ok();
    }
    if (match.error().code != Errc::timeout) co_return std::move(match).error();
    if (step.deadline().passed()) break;
  }
  co_return not_said(*talk, "the boot loader's prompt '" + facts.prompt + "'");
}

/// What the board said to a line.
struct Answer {
  enum class Kind : std::uint8_t { prompt, refused, started } kind = Kind::prompt;
  std::string text;
};

Task<Answer> answer_to(std::shared_ptr<Talk> talk, std::string line, bool last, Deadline deadline) {
  auto others = talk->block->refused;
  const auto refused = others.size();
  others.insert(others.end(), talk->facts.error_messages.begin(), talk->facts.error_messages.end());
  const auto complaints = others.size();
  if (last) others.insert(others.end(), talk->after_last.begin(), talk->after_last.end());
  const auto wanted = last ? "what follows '" + line + "'" : "the boot loader's prompt after '" + line + "'";
  HILLTOP_CO_TRY(const auto match, co_await wait_for(talk, {talk->facts.prompt}, std::move(others), wanted, deadline));
  Answer answer;
  answer.text = match.text;
  if (match.is_prompt) co_return answer;
  if (match.index >= refused && match.index < complaints)
    co_return talk->run->fail(Finding::infrastructure_failed,
                              "the boot loader failed at '" + line + "': " + clean_for_display(match.text));
  answer.kind = match.index < refused ? Answer::Kind::refused : Answer::Kind::started;
  co_return answer;
}

/// Whether the job itself waits for the loader's prompt.
Result<bool> is_wanted(const Talk& talk, const std::string& prompt) {
  HILLTOP_TRY(const auto wanted, PatternSet::compile(effective_prompts(*talk.block, talk.run->input.board->type())));
  HILLTOP_TRY(const auto hit, wanted.search(prompt));
  return hit.has_value();
}

Task<AfterLoader> type_lines(std::shared_ptr<Talk> talk, Patterns lines, ActionContext context) {
  Step step(*talk->run, context, "bootloader-commands");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool last = i + 1 == lines.size();
    if (talk->facts.command_delay.count() > 0)
      HILLTOP_CO_CHECK(co_await sleep_for(talk->facts.command_delay, step.deadline()));
    HILLTOP_CO_CHECK(co_await talk->dialog->type(lines[i], false, step.deadline()));
    if (last && talk->after_last.empty()) break;
    HILLTOP_CO_TRY(const auto answer, co_await answer_to(talk, lines[i], last, step.deadline()));
    if (answer.kind == Answer::Kind::refused) {
      step.succeed();
      co_return AfterLoader::refused;
    }
    if (!last || answer.kind == Answer::Kind::started) continue;
    HILLTOP_CO_TRY(const bool wanted, is_wanted(*talk, answer.text));
    if (!wanted)
      co_return talk->run->fail(Finding::not_reached, "the boot loader came back to its prompt after '" + lines[i] +
                                                          "': nothing was started");
    step.succeed();
    co_return AfterLoader::at_prompt;
  }
  step.succeed();
  co_return AfterLoader::system_starts;
}

void report_refusal(JobRun& run, CaseResult result, std::string message) {
  TestCase test_case;
  test_case.suite = "boot", test_case.name = "refused", test_case.result = result;
  test_case.message = std::move(message);
  run.report(std::move(test_case));
}

}  // namespace

Task<AfterLoader> drive_loader(std::shared_ptr<JobRun> run, const Boot* block, std::shared_ptr<BootWatch> watch,
                               ActionContext context) {
  const auto& type = run->input.board->type();
  auto facts = loader_facts(type, block->method, run->input.definition->context);
  if (!facts || !block->loader)
    co_return Error(Errc::unsupported, Blame::configuration, "the board type does not say how its loader is talked to");
  const auto script = block->use_bootscript ? bootscript_lines(*facts, block->method) : *block->loader;
  HILLTOP_CO_TRY(auto lines, loader_lines(*facts, script, words_of_boot(*run, *facts, context.name_space)));
  auto talk = std::make_shared<Talk>(Talk{run, block, watch, *facts, std::make_shared<Dialog>(run), {}});
  const auto final_message = block->final_message.value_or(facts->final_message);
  if (!final_message.empty()) talk->after_last.push_back(final_message);
  if (!talk->after_last.empty())
    for (auto& pattern : watch->patterns_from("kernel")) talk->after_last.push_back(std::move(pattern));
  if (facts->needs_interrupt)
    HILLTOP_CO_CHECK(co_await interrupt(talk, context));
  else
    HILLTOP_CO_CHECK(co_await wait_for(talk, {}, {facts->prompt}, "the boot loader's prompt '" + facts->prompt + "'",
                                       context.deadline));
  co_return co_await type_lines(talk, std::move(lines), context);
}

Task<> await_refusal(std::shared_ptr<JobRun> run, const Boot* block, std::shared_ptr<BootWatch> watch, bool seen,
                     ActionContext context) {
  Step step(*run, context, "expect-refused");
  auto talk = std::make_shared<Talk>(Talk{run, block, watch, {}, std::make_shared<Dialog>(run), {}});
  auto alive = watch->patterns_from("kernel");
  for (const auto& prompt : effective_prompts(*block, run->input.board->type())) alive.push_back(prompt);
  const auto refused = seen ? 0 : block->refused.size();
  auto patterns = alive;
  if (!seen) patterns.insert(patterns.begin(), block->refused.begin(), block->refused.end());
  const auto started = [&](const std::string& text) {
    const auto why = "the board started what it should refuse: " + clean_for_display(text);
    report_refusal(*run, CaseResult::fail, why);
    return run->fail(Finding::case_failed, why);
  };
  std::string said = "what was waited for";
  if (!seen) {
    HILLTOP_CO_TRY(const auto match, co_await wait_for(talk, {}, patterns, "a refusal", step.deadline()));
    if (match.index >= refused) co_return started(match.text);
    said = match.text;
  }
  // It may have said so, and start all the same.
  Awaited awaited;
  HILLTOP_CO_TRY(awaited.others, PatternSet::compile(std::move(alive)));
  auto after = co_await talk->dialog->expect(std::move(awaited), Deadline::after(refusal_settles));
  if (after) co_return started(after->text);
  if (after.error().code != Errc::timeout) co_return std::move(after).error();
  run->log(LogLevel::info, "refused, as it should be: " + clean_for_display(said));
  report_refusal(*run, CaseResult::pass, {});
  step.succeed();
  co_return ok();
}

}  // namespace hilltop::jobs
