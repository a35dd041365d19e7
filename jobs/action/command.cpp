// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/actions.hpp"

namespace hilltop::jobs {
namespace {

Task<> built_in(std::shared_ptr<JobRun> run, std::string name, Deadline deadline) {
  auto& board = *run->input.board;
  if (run->console) run->cursor = run->console->end();
  if (name == "power_on") co_return co_await board.power(drivers::PowerState::on, deadline);
  if (name == "power_off") co_return co_await board.power(drivers::PowerState::off, deadline);
  if (name == "hard_reset") {
    if (board.last_power_state() != drivers::PowerState::on)
      co_return co_await board.power(drivers::PowerState::on, deadline);
    co_return co_await board.reset(drivers::ResetKind::hard, deadline);
  }
  co_return Error(Errc::unsupported, Blame::configuration, "boards of this lab have no command '" + name + "'");
}

}  // namespace

Task<> run_command(std::shared_ptr<JobRun> run, const CommandBlock* block, ActionContext context) {
  run->log(LogLevel::info, "running the command '" + block->name + "'");
  auto result = co_await built_in(run, block->name, context.deadline);
  co_return std::move(result).within("command " + block->name);
}

}  // namespace hilltop::jobs
