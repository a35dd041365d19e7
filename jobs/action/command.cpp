// SPDX-License-Identifier: Apache-2.0
#include <random>

#include "boards/console/expect.hpp"
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

/// A moment of the range, different each time.
std::chrono::nanoseconds chosen(const CutMoment& moment) {
  if (moment.most <= moment.least) return moment.least;
  std::random_device random;
  std::uniform_int_distribution<std::int64_t> between(moment.least.count(), moment.most.count());
  return std::chrono::nanoseconds(between(random));
}

/// Takes the board's power away in the middle of what it does.
Task<> cut_power(std::shared_ptr<JobRun> run, const CutMoment* moment, Deadline deadline) {
  auto& board = *run->input.board;
  if (board.last_power_state() != drivers::PowerState::on)
    co_return Error(Errc::bad_input, Blame::job, "the board has no power that could be cut: put a boot before it");
  if (!moment->pattern.empty()) {
    if (!run->console) co_return Error(Errc::unsupported, Blame::configuration, "the board has no console");
    HILLTOP_CO_TRY(auto pattern, boards::PatternSet::compile({moment->pattern}));
    boards::Expect console(run->console, run->cursor);
    auto seen = co_await console.expect(std::move(pattern), deadline);
    if (!seen && seen.error().code == Errc::timeout)
      co_return run->fail(console.heard_anything() ? Finding::not_reached : Finding::board_silent,
                          "'" + moment->pattern + "', after which the power was to be cut, was not seen");
    if (!seen) co_return std::move(seen).error();
  }
  const auto pause = chosen(*moment);
  HILLTOP_CO_CHECK(co_await sleep_for(pause, deadline));
  run->log(LogLevel::info, "cutting the power, " +
                               to_human(std::chrono::duration_cast<std::chrono::milliseconds>(pause)) + " after " +
                               (moment->pattern.empty() ? "the action before" : "'" + moment->pattern + "'"));
  HILLTOP_CO_CHECK(co_await board.power(drivers::PowerState::off, deadline));
  run->cursor = run->console ? run->console->end() : 0;
  co_return ok();
}

}  // namespace

Task<> run_command(std::shared_ptr<JobRun> run, const CommandBlock* block, ActionContext context) {
  run->log(LogLevel::info, "running the command '" + block->name + "'");
  if (block->name == "power_cut") co_return co_await cut_power(run, &block->after, context.deadline);
  auto result = co_await built_in(run, block->name, context.deadline);
  co_return std::move(result).within("command " + block->name);
}

}  // namespace hilltop::jobs
