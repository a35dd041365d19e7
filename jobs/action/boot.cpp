// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "jobs/action/actions.hpp"
#include "jobs/action/boot_loader.hpp"
#include "jobs/action/boot_script.hpp"
#include "jobs/action/flash.hpp"
#include "jobs/action/login.hpp"
#include "jobs/action/serving.hpp"

namespace hilltop::jobs {
namespace {

using drivers::PowerState;

/// Whether images were flashed.
Task<bool> flash(std::shared_ptr<JobRun> run, ActionContext context) {
  const auto deployed = run->deployed.find(context.name_space);
  if (deployed == run->deployed.end() || deployed->second.empty()) co_return false;
  if (!run->input.board->type().flash.supported) co_return false;  // its images are drives
  HILLTOP_CO_CHECK(co_await flash_board(run, deployed->second, context));
  co_return true;
}

/// Powers the board, or resets it where it has power. Where nobody knows, a power cycle makes it known.
Task<> start_anew(std::shared_ptr<JobRun> run, bool reset, Deadline deadline) {
  auto& board = *run->input.board;
  const auto state = board.last_power_state();
  if (state == PowerState::off) {
    run->log(LogLevel::info, "powering the board on");
    co_return co_await board.power(PowerState::on, deadline);
  }
  if (state == PowerState::on && !reset) co_return ok();
  if (state == PowerState::unknown) {
    run->log(LogLevel::info, "power-cycling the board");
    auto cycled = co_await board.power_cycle(deadline);
    if (cycled || cycled.error().code != Errc::unsupported) co_return cycled;
  }
  run->log(LogLevel::info, "resetting the board");
  co_return co_await board.reset(drivers::ResetKind::hard, deadline);
}

/// Starts the board so that its first line is seen: the cursor stands before the reset, or before the flashing
/// (`flashed_at`) that started a board which cannot be reset.
Task<> start(std::shared_ptr<JobRun> run, const Boot* block, std::optional<std::uint64_t> flashed_at,
             ActionContext context) {
  const bool by_ssh = block->method == BootMethod::ssh;
  const auto name = run->input.board->machine() != nullptr ? "execute-qemu" : by_ssh ? "primary-ssh" : "reset-device";
  Step step(*run, context, name);
  run->cursor = run->booted_at = run->console->end();
  run->console_log->started_at(run->booted_at);
  auto started = co_await start_anew(run, block->reset, step.deadline());
  if (!started && started.error().code == Errc::unsupported && flashed_at) {
    run->log(LogLevel::info, "the board cannot be reset: it has started when it was flashed");
    run->cursor = run->booted_at = *flashed_at;
    run->console_log->started_at(run->booted_at);
    started = ok();
  }
  HILLTOP_CO_CHECK(std::move(started));
  step.succeed();
  co_return ok();
}

/// "-kernel {zephyr}" with the deployed files' names for the labels.
std::string with_paths(std::string text, const std::vector<DeployedImage>& images) {
  for (const auto& image : images) {
    const auto label = "{" + image.label + "}";
    for (auto at = text.find(label); at != std::string::npos; at = text.find(label, at + image.path.string().size()))
      text.replace(at, label.size(), image.path.string());
  }
  return text;
}

Task<> configure_machine(std::shared_ptr<JobRun> run, ActionContext context) {
  auto& board = *run->input.board;
  if (board.last_power_state() != PowerState::off)
    HILLTOP_CO_CHECK(co_await board.power(PowerState::off, context.deadline));
  drivers::ConfigurableMachine::Setup setup;
  setup.context = run->input.definition->context;
  for (const auto& [key, value] : board.type().context) setup.context.emplace(key, value);
  setup.extra_options = run->input.definition->context_extra_options;
  setup.job_dir = run->input.job_dir.string();
  const auto& images = run->deployed[context.name_space];
  for (const auto& image : images)
    if (!image.image_arg.empty()) setup.image_args.push_back(with_paths(image.image_arg, images));
  co_return board.machine()->configure(std::move(setup)).within("the machine");
}

/// Boards that say what stages their boot has, or whose kernel is known, are watched while they boot.
bool is_watched(const boards::BoardType& type) {
  return !type.boot_stages.empty() || !type.loaders.empty() ||
         std::ranges::find(type.rule_packs, "linux") != type.rule_packs.end();
}

Result<std::shared_ptr<BootWatch>> watch_boot(const std::shared_ptr<JobRun>& run, const Boot& block) {
  const bool runs_already = !block.reset && run->input.board->last_power_state() == PowerState::on;
  const bool begins = (!runs_already || !block.soft_reboot.empty()) && block.method != BootMethod::ssh;
  if (!is_watched(run->input.board->type()) || !begins) return std::shared_ptr<BootWatch>();
  if (!block.kexec) run->booted_at = run->console->end();
  return BootWatch::begin(run, block.ignore_kernel_messages, block.kexec.has_value());
}

Task<> wait_for_kernel(std::shared_ptr<JobRun> run, const Boot* block, std::shared_ptr<BootWatch> watch,
                       Deadline deadline) {
  if (block->kernel_start_message.empty()) co_return ok();
  Boot begins;
  begins.prompts = {block->kernel_start_message};
  co_return co_await reach_prompt(run, &begins, watch, deadline);
}

/// From the kernel to the prompt.
Task<> log_in(std::shared_ptr<JobRun> run, const Boot* block, std::shared_ptr<BootWatch> watch, ActionContext context) {
  Step login(*run, context, "auto-login-action");
  HILLTOP_CO_CHECK(co_await wait_for_kernel(run, block, watch, login.deadline()));
  HILLTOP_CO_CHECK(co_await reach_prompt(run, block, watch, login.deadline()));
  if (watch) HILLTOP_CO_CHECK(co_await BootWatch::finish(watch));
  if (block->expect_shell) HILLTOP_CO_CHECK(co_await mount_overlay_drive(run, block, context));
  login.succeed();
  co_return ok();
}

/// An installer works until it says that it has ended; then the board is switched off.
Task<> wait_for_installer(std::shared_ptr<JobRun> run, const Boot* block, std::shared_ptr<BootWatch> watch,
                          ActionContext context) {
  Step step(*run, context, "installer-wait");
  HILLTOP_CO_CHECK(co_await wait_for_kernel(run, block, watch, step.deadline()));
  Boot ends;
  ends.prompts = block->boot_finished;
  HILLTOP_CO_CHECK(co_await reach_prompt(run, &ends, watch, step.deadline()));
  if (watch) HILLTOP_CO_CHECK(co_await BootWatch::finish(watch));
  HILLTOP_CO_CHECK(co_await run->input.board->power(PowerState::off, step.deadline()));
  step.succeed();
  co_return ok();
}

/// From the start to the prompt.
Task<> go_on(std::shared_ptr<JobRun> run, const Boot* block, std::shared_ptr<BootWatch> watch, ActionContext context) {
  auto after = AfterLoader::system_starts;
  if (has_loader(block->method)) {
    HILLTOP_CO_TRY(after, co_await drive_loader(run, block, watch, context));
  }
  if (!block->refused.empty()) {
    if (!watch) co_return Error(Errc::unsupported, Blame::configuration, "boards of this type refuse nothing");
    co_return co_await await_refusal(run, block, watch, after == AfterLoader::refused, context);
  }
  if (!block->boot_finished.empty()) co_return co_await wait_for_installer(run, block, watch, context);
  if (after == AfterLoader::system_starts && (block->auto_login || !block->prompts.empty())) {
    HILLTOP_CO_CHECK(co_await log_in(run, block, watch, context));
    if (!block->expect_shell) co_return ok();
    co_return co_await transfer_overlay(run, block, context);
  }
  if (after == AfterLoader::system_starts) co_return ok();
  co_return watch ? co_await BootWatch::finish(watch) : ok();
}

/// Everything before the board starts: the machine, what it is lent, what it is flashed with. Value: where the console
/// stood before the flashing; nothing when nothing was flashed.
Task<std::optional<std::uint64_t>> prepare_board(std::shared_ptr<JobRun> run, ActionContext context) {
  std::optional<std::uint64_t> before;
  if (run->input.board->machine() != nullptr) {
    HILLTOP_CO_CHECK(co_await configure_machine(run, context));
    co_return before;
  }
  HILLTOP_CO_CHECK(co_await lend_files(run, context));
  const auto end = run->console->end();
  HILLTOP_CO_TRY(const bool flashed, co_await flash(run, context));
  if (flashed) before = end;
  co_return before;
}

}  // namespace

Task<> boot(std::shared_ptr<JobRun> run, const Boot* block, ActionContext context) {
  if (!run->console) co_return Error(Errc::unsupported, Blame::configuration, "the board has no console");
  if (block->pre_power_command || block->pre_os_command)
    co_return Error(Errc::unsupported, Blame::configuration,
                    "this lab's boards have no pre_power_command or pre_os_command");
  if (block->method == BootMethod::recovery) co_return co_await boot_recovery(run, block, context);
  std::optional<std::uint64_t> flashed_at;
  auto filled = std::make_shared<Boot>(*block);
  filled->prompts = effective_prompts(*block, run->input.board->type());
  if (block->kexec)
    HILLTOP_CO_CHECK(co_await start_by_kexec(run, block, context));
  else if (block->soft_reboot.empty()) {
    if (block->use_bootscript) HILLTOP_CO_CHECK(write_bootscript(*run, *block, context.name_space));
    HILLTOP_CO_TRY(flashed_at, co_await prepare_board(run, context));
  }
  HILLTOP_CO_TRY(const auto watch, watch_boot(run, *block));
  if (!block->soft_reboot.empty())
    HILLTOP_CO_CHECK(co_await reboot_softly(run, block, context));
  else if (!block->kexec)
    HILLTOP_CO_CHECK(co_await start(run, block, flashed_at, context));
  co_return co_await go_on(run, filled.get(), watch, context);
}

}  // namespace hilltop::jobs
