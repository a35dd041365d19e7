// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "controller/farm_state.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::controller {
namespace {

constexpr auto time_to_clean = 60s;

BoardState state_of(const FarmBoard& board) {
  if (board.view.lease) return BoardState::leased;
  if (board.cleaning) return BoardState::cleaning;
  // A board that the lab file has changed is given to nobody before the change is in force.
  return board.ready && !board.stale ? BoardState::idle : BoardState::offline;
}

Slot slot_of(const FarmState& farm, const FarmBoard& board) {
  Slot out;
  out.name = board.view.name;
  out.type = board.view.type;
  out.worker = board.view.worker;
  out.tags = board.view.tags;
  out.state = board.view.state;
  out.health = board.view.health;
  out.reason = board.view.health_reason.empty() ? board.view.problem : board.view.health_reason;
  out.holder = board.view.job ? fmt::format("job {}", *board.view.job) : board.view.holder;
  if (board.view.lease)
    if (const auto lease = farm.leases.find(*board.view.lease); lease != farm.leases.end())
      out.busy_until = lease->second.ends;
  return out;
}

void freed_and_clean(FarmState& farm, FarmBoard& board) {
  if (board.stale) farm.scope.spawn("lab", synchronise_boards(farm.shared_from_this()));
}

Task<> clean_after_lease(FarmRef farm, std::string name) {
  auto cleaned = co_await farm->worker->call(CleanBoard{name}, Deadline::after(time_to_clean));
  const auto found = farm->boards.find(name);
  if (farm->stopping || found == farm->boards.end()) co_return ok();
  auto& board = found->second;
  board.cleaning = false;
  Changes changes;
  // A board that is offline is cleaned when it is opened again.
  if (!cleaned && board.ready)
    set_board_health(*farm, board, BoardHealth::suspect, "not clean after a lease: " + cleaned.error().text, changes);
  refresh_board(*farm, board, changes);
  save(*farm, std::move(changes));
  freed_and_clean(*farm, board);
  dispatch(*farm);
  co_return ok();
}

}  // namespace

void refresh_board(FarmState& farm, FarmBoard& board, Changes& changes) {
  const auto before = std::exchange(board.view.state, state_of(board));
  farm.scheduler.put(slot_of(farm, board));
  if (before == board.view.state) return;
  nlohmann::json data = {
      {"state", to_string(board.view.state)}, {"holder", board.view.holder}, {"problem", board.view.problem}};
  if (board.view.job) data["job"] = *board.view.job;
  if (board.view.lease) data["lease"] = *board.view.lease;
  add_event(farm, changes, "board.state", board.view.name, data);
}

void set_board_health(FarmState& farm, FarmBoard& board, BoardHealth health, std::string reason, Changes& changes) {
  board.view.health = health;
  board.view.health_reason = std::move(reason);
  changes.emplace_back(PutBoard{{board.view.name, board.view.type, health, board.view.health_reason}});
  add_event(farm, changes, "board.health", board.view.name,
            {{"health", to_string(health)}, {"reason", board.view.health_reason}});
  farm.scheduler.put(slot_of(farm, board));
}

void board_freed(FarmState& farm, FarmBoard& board, bool needs_cleaning, Changes& changes) {
  board.cleaning = needs_cleaning && board.ready;
  refresh_board(farm, board, changes);
  if (farm.stopping) return;
  if (board.cleaning)
    farm.scope.spawn("clean " + board.view.name, clean_after_lease(farm.shared_from_this(), board.view.name));
  else
    freed_and_clean(farm, board);
}

Result<> may_operate(FarmState& farm, const Principal& who, const std::string& name) {
  const auto found = farm.boards.find(name);
  if (found == farm.boards.end()) return Error(Errc::not_found, Blame::job, fmt::format("there is no board {}", name));
  const auto& view = found->second.view;
  if (who.role >= Role::technician) return ok();
  if (view.lease && !view.job && view.holder == who.user) return ok();
  if (!view.lease)
    return Error(Errc::denied, Blame::job, fmt::format("board {} needs a lease: hilltop lease take {}", name, name));
  const auto holder = view.job ? fmt::format("job {} of {}", *view.job, view.holder) : view.holder;
  return Error(Errc::busy, Blame::job, fmt::format("board {} is leased by {}", name, holder));
}

Task<> change_health(FarmRef farm, Principal who, std::string name, BoardHealth health, std::string reason) {
  HILLTOP_CO_CHECK(need(who, Role::technician, "setting a board's health"));
  const auto found = farm->boards.find(name);
  if (found == farm->boards.end())
    co_return Error(Errc::not_found, Blame::job, fmt::format("there is no board {}", name));
  Changes changes;
  set_board_health(*farm, found->second, health, reason, changes);
  add_audit(changes, who, "board health", name, fmt::format("{}: {}", to_string(health), reason));
  auto saved = co_await save_and_wait(farm, std::move(changes));
  dispatch(*farm);
  co_return saved;
}

}  // namespace hilltop::controller
