// SPDX-License-Identifier: Apache-2.0
#include "drivers/power/unit/unit_desk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/query.hpp>

namespace hilltop::drivers::unit {

asio::execution_context::id UnitDesk::id;

std::shared_ptr<PowerUnit> UnitDesk::unit(const asio::any_io_executor& executor, const std::string& place) {
  auto& desk = asio::use_service<UnitDesk>(asio::query(executor, asio::execution::context));
  auto& unit = desk.units_[place];
  if (!unit) unit = std::make_shared<PowerUnit>(executor, place);
  return unit;
}

void UnitDesk::shutdown() {
  for (auto& [place, unit] : units_) {
    unit->kept_session.reset();
    unit->gathering.reset();
  }
  units_.clear();
}

void PowerUnit::give_turn_on() {
  last_end_ = Deadline::Clock::now();
  if (waiting_.empty()) {
    taken_ = false;
    return;
  }
  const auto next = waiting_.front();
  waiting_.pop_front();
  next->granted = true;
  next->event.notify();
}

Task<PowerUnit::Turn> PowerUnit::take_turn(std::shared_ptr<PowerUnit> unit, std::chrono::milliseconds gap,
                                           Deadline deadline) {
  if (unit->taken_) {
    const auto me = std::make_shared<Waiter>(unit->executor_);
    unit->waiting_.push_back(me);
    auto woken = co_await me->event.wait(deadline);
    if (!me->granted) {
      std::erase(unit->waiting_, me);
      if (!woken && woken.error().code == Errc::canceled) co_return std::move(woken).error();
      co_return Error(Errc::busy, Blame::infrastructure, "others still talk to the unit");
    }
  }
  unit->taken_ = true;
  Turn turn(unit);
  const auto wait = unit->last_end_ + gap - Deadline::Clock::now();
  if (wait.count() > 0) HILLTOP_CO_CHECK(co_await sleep_for(wait, deadline));
  if (co_await is_canceled()) co_return canceled_error("power unit");
  co_return turn;
}

Result<> PowerUnit::may_be_asked() const {
  if (refused_until_.passed()) return ok();
  return Error(Errc::unavailable, Blame::infrastructure,
               fmt::format("the unit is refused since {} for {}: {} operations in a row failed, the last one: {}",
                           to_rfc3339(refused_since_), to_human(refused_for_), failures_, last_failure_));
}

void PowerUnit::note(const UnitModel& model, const Result<>& ended) {
  if (ended || ended.error().code == Errc::mismatch) {
    failures_ = 0;
    return;
  }
  const auto& error = ended.error();
  if (error.blame != Blame::infrastructure || error.code == Errc::busy) return;
  ++failures_;
  last_failure_ = error.text;
  if (failures_ < model.refuse_after) return;
  if (failures_ == model.refuse_after) refused_since_ = utc_now();
  refused_for_ = model.refuse_for;
  refused_until_ = Deadline::after(model.refuse_for);
}

Result<> PowerUnit::claim(const std::string& outlet, const std::string& board, bool shared) {
  auto& use = outlets_[outlet];
  for (const auto& [other, shares] : use.boards)
    if (other != board && !(shared && shares))
      return Error(
          Errc::bad_input, Blame::configuration,
          fmt::format(
              "outlet {} of the unit at {} is that of board {}, too: where that is meant, both say 'shared: yes'",
              outlet, place_, other));
  use.boards[board] = shared;
  return ok();
}

void PowerUnit::give_back(const std::string& outlet, const std::string& board) {
  const auto found = outlets_.find(outlet);
  if (found == outlets_.end()) return;
  found->second.boards.erase(board);
  found->second.want_on.erase(board);
  if (found->second.boards.empty()) outlets_.erase(found);
}

}  // namespace hilltop::drivers::unit
