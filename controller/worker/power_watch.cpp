// SPDX-License-Identifier: Apache-2.0
#include "controller/worker/power_watch.hpp"

#include "drivers/core/log.hpp"

namespace hilltop::controller {
namespace {

using drivers::PowerState;

constexpr auto longest_look = std::chrono::seconds(8);

/// What was found at one look.
struct Finding {
  std::string found;    ///< "on" or "off" where that is not what was switched
  std::string problem;  ///< why it is not known
};

/// The next time at which all look.
Deadline::Clock::duration until_next(std::chrono::milliseconds interval) {
  const auto now = Deadline::Clock::now().time_since_epoch();
  return interval - now % interval;
}

Finding judge(PowerState before, PowerState after, const Result<PowerState>& now, const WorkerBoard& board) {
  Finding out;
  if (!now) {
    // One word of it is enough: what follows (tried again, refused for a while) is of the same making. What was found
    // before stands until the unit says something else.
    out.problem = board.power_problem.empty() ? now.error().text : board.power_problem;
    out.found = board.power_found;
  } else if (before == after && before != PowerState::unknown && *now != PowerState::unknown && *now != before) {
    out.found = to_string(*now);
  }
  return out;
}

void tell(const Worker& worker, WorkerBoard& board, Finding finding) {
  if (board.power_found == finding.found && board.power_problem == finding.problem) return;
  const auto& name = board.config.name;
  if (!finding.found.empty() && finding.found != board.power_found)
    log::warn("board {}: its power is {}, though nobody switched it", name, finding.found);
  if (!finding.problem.empty() && board.power_problem.empty())
    log::warn("board {}: its power is not known: {}", name, finding.problem);
  board.power_found = std::move(finding.found);
  board.power_problem = std::move(finding.problem);
  emit_status(worker, board);
}

/// False when there is no more sense in looking: the board is gone, or open anew with a watch of its own.
bool is_open(const WorkerCore& worker, const std::shared_ptr<WorkerBoard>& board,
             const std::shared_ptr<boards::BoardSession>& session) {
  const auto found = worker.boards.find(board->config.name);
  return !worker.gone && found != worker.boards.end() && found->second == board && board->session == session;
}

Task<> watch(std::weak_ptr<WorkerCore> weak, std::shared_ptr<WorkerBoard> board,
             std::weak_ptr<boards::BoardSession> weak_session, std::chrono::milliseconds interval) {
  for (;;) {
    HILLTOP_CO_CHECK(co_await sleep_for(until_next(interval)));
    const auto worker = weak.lock();
    const auto session = weak_session.lock();
    if (!worker || !session || !is_open(*worker, board, session)) co_return ok();
    const auto before = session->last_power_state();
    const auto now = co_await session->power_state(Deadline::after(longest_look));
    if (!now && now.error().code == Errc::canceled) co_return now.error();
    if (!is_open(*worker, board, session)) co_return ok();
    // Something else is done with the board or with its unit, which will say for itself how that ended.
    if (!now && now.error().code == Errc::busy) continue;
    tell(worker, *board, judge(before, session->last_power_state(), now, *board));
  }
}

}  // namespace

void watch_power_state(const Worker& worker, const std::shared_ptr<WorkerBoard>& board) {
  if (worker->options.power_interval.count() <= 0 || !board->session) return;
  if (!board->config.addresses.contains("power")) return;
  worker->scope.spawn("power of " + board->config.name,
                      watch(worker, board, board->session, worker->options.power_interval));
}

}  // namespace hilltop::controller
