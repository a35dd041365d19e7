// SPDX-License-Identifier: Apache-2.0
// Boots that go on from a running system.
#include <algorithm>

#include "jobs/action/boot_loader.hpp"
#include "jobs/action/test_overlay.hpp"
#include "jobs/testshell/overlay.hpp"

namespace hilltop::jobs {
namespace {

using boards::PatternSet;

constexpr auto prompt_patience = 5s;  // for a shell that has nothing to do

struct Shell {
  std::shared_ptr<JobRun> run;
  const Boot* block;
  std::shared_ptr<Dialog> dialog;
};

/// Types a line at the running system, and waits for one of `patterns` ("": only typed).
Task<> type_and_wait(std::shared_ptr<Shell> shell, std::string line, std::vector<std::string> prompts,
                     std::vector<std::string> others, std::string wanted, Deadline deadline) {
  HILLTOP_CO_CHECK(co_await shell->dialog->type(line, false, deadline));
  if (prompts.empty() && others.empty()) co_return ok();
  Awaited awaited;
  HILLTOP_CO_TRY(awaited.prompts, PatternSet::compile(std::move(prompts)));
  HILLTOP_CO_TRY(awaited.others, PatternSet::compile(std::move(others)));
  auto match = co_await shell->dialog->expect(std::move(awaited), deadline);
  if (match) co_return ok();
  if (match.error().code != Errc::timeout) co_return std::move(match).error();
  const auto what = wanted + " was not seen after '" + line + "'";
  if (!shell->dialog->heard_anything())
    co_return shell->run->fail(Finding::board_silent, what + ": the board was silent");
  co_return shell->run->fail(Finding::not_reached, what + "; the last words were: " + shell->dialog->tail());
}

/// The prompt of what was run last may still be on its way, and is no answer to what is typed next: the shell is asked
/// to say something that its echo does not, and the prompt after that is the last one. `echo` and quotes are what
/// shells and U-Boot have in common. A board that does not answer is no failure here: what comes after will tell.
Task<> settle_prompt(std::shared_ptr<Shell> shell, std::vector<std::string> prompts, Deadline deadline) {
  if (prompts.empty()) co_return ok();
  HILLTOP_CO_CHECK(co_await shell->dialog->type("echo ready''again", false, deadline));
  Awaited said, prompt;
  HILLTOP_CO_TRY(said.others, PatternSet::compile({"readyagain"}));
  HILLTOP_CO_TRY(prompt.prompts, PatternSet::compile(std::move(prompts)));
  const auto limit = deadline.at_most(prompt_patience);
  auto match = co_await shell->dialog->expect(std::move(said), limit);
  if (match) match = co_await shell->dialog->expect(std::move(prompt), limit);
  if (!match && match.error().code != Errc::timeout) co_return std::move(match).error();
  co_return ok();
}

std::string load_line(const KexecCommand& kexec) {
  using testshell::shell_quoted;
  auto line = kexec.command;
  if (!kexec.kernel.empty()) line += (kexec.on_panic ? " --load-panic " : " --load ") + shell_quoted(kexec.kernel);
  if (!kexec.dtb.empty()) line += " --dtb " + shell_quoted(kexec.dtb);
  if (!kexec.ramdisk.empty()) line += " --initrd " + shell_quoted(kexec.ramdisk);
  for (const auto& option : kexec.options) line += " " + option;
  return line;
}

/// Looks into the configuration of the running kernel, where the job says where that is: one that has no kexec would be
/// found out only when nothing starts.
Task<> check_kernel_config(std::shared_ptr<Shell> shell, std::vector<std::string> prompts, Deadline deadline) {
  const auto& kexec = *shell->block->kexec;
  if (kexec.kernel_config.empty()) co_return ok();
  const std::string wanted = kexec.on_panic ? "CONFIG_CRASH_DUMP" : "CONFIG_KEXEC";
  // Its echo has no word of the answer whole.
  const auto line = "zcat -f " + testshell::shell_quoted(kexec.kernel_config) + " | grep -q '^" + wanted +
                    "=y' && echo kexec-\"\"ready || echo kexec-\"\"missing";
  HILLTOP_CO_CHECK(co_await shell->dialog->type(line, false, deadline));
  Awaited awaited;
  HILLTOP_CO_TRY(awaited.others, PatternSet::compile({"kexec-ready", "kexec-missing"}));
  HILLTOP_CO_TRY(const auto answer, co_await shell->dialog->expect(std::move(awaited), deadline));
  if (answer.index == 1)
    co_return shell->run->fail(Finding::job_wrong,
                               kexec.kernel_config + " has no " + wanted + "=y: this kernel starts no other one");
  if (prompts.empty()) co_return ok();
  Awaited ready;
  HILLTOP_CO_TRY(ready.others, PatternSet::compile(std::move(prompts)));
  HILLTOP_CO_TRY(const auto prompt, co_await shell->dialog->expect(std::move(ready), deadline));
  static_cast<void>(prompt);
  co_return ok();
}

}  // namespace

Task<> reboot_softly(std::shared_ptr<JobRun> run, const Boot* block, ActionContext context) {
  Step step(*run, context, "soft-reboot");
  const auto shell = std::make_shared<Shell>(Shell{run, block, std::make_shared<Dialog>(run)});
  const auto prompts = effective_prompts(*block, run->input.board->type());
  HILLTOP_CO_CHECK(co_await settle_prompt(shell, prompts, step.deadline()));
  run->booted_at = run->console->end();
  run->console_log->started_at(run->booted_at);
  for (const auto& line : block->soft_reboot) {
    const bool last = &line == &block->soft_reboot.back();
    std::vector<std::string> others;
    if (last && !block->shutdown_message.empty()) others.push_back(block->shutdown_message);
    const auto none = std::vector<std::string>();
    HILLTOP_CO_CHECK(co_await type_and_wait(shell, line, last ? none : prompts, std::move(others),
                                            last ? "'" + block->shutdown_message + "'" : std::string("a prompt"),
                                            step.deadline()));
  }
  // The prompt that the shell showed last is not the new system's.
  if (block->shutdown_message.empty()) run->cursor = std::max(run->cursor, run->booted_at);
  step.succeed();
  co_return ok();
}

Task<> mount_overlay_drive(std::shared_ptr<JobRun> run, const Boot* block, ActionContext context) {
  if (!run->overlay_drives.contains(context.name_space) || block->prompts.empty()) co_return ok();
  const auto shell = std::make_shared<Shell>(Shell{run, block, std::make_shared<Dialog>(run)});
  const auto dir = overlay_dir(*run);
  const auto line = "mkdir -p " + dir + "; mount -t ext2 LABEL=LAVA " + dir;
  co_return co_await type_and_wait(shell, line, block->prompts, {}, "a prompt", context.deadline);
}

Task<> start_by_kexec(std::shared_ptr<JobRun> run, const Boot* block, ActionContext context) {
  Step step(*run, context, "kexec-device");
  const auto shell = std::make_shared<Shell>(Shell{run, block, std::make_shared<Dialog>(run)});
  const auto prompts = effective_prompts(*block, run->input.board->type());
  const auto& kexec = *block->kexec;
  HILLTOP_CO_CHECK(co_await settle_prompt(shell, prompts, step.deadline()));
  HILLTOP_CO_CHECK(co_await check_kernel_config(shell, prompts, step.deadline()));
  HILLTOP_CO_CHECK(co_await type_and_wait(shell, load_line(kexec), prompts, {}, "a prompt", step.deadline()));
  run->booted_at = run->console->end();
  run->console_log->started_at(run->booted_at);
  const auto start = kexec.on_panic ? std::string("echo c > /proc/sysrq-trigger") : kexec.command + " -e";
  HILLTOP_CO_CHECK(co_await type_and_wait(shell, start, {}, {kexec.boot_message},
                                          "the message '" + kexec.boot_message + "'", step.deadline()));
  if (kexec.on_panic) {  // the crash was asked for: what counts begins with the new kernel
    run->booted_at = run->cursor;
    run->console_log->started_at(run->booted_at);
  }
  step.succeed();
  co_return ok();
}

}  // namespace hilltop::jobs
