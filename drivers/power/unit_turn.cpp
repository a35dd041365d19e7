// SPDX-License-Identifier: Apache-2.0
#include "drivers/power/unit_turn.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>
#include <map>

namespace hilltop::drivers {
namespace {

/// The units of one worker.
class SharedUnits final : public asio::execution_context::service {
 public:
  using key_type = SharedUnits;
  static asio::execution_context::id id;

  explicit SharedUnits(asio::execution_context& context) : service(context) {}
  void shutdown() override { units_.clear(); }

  std::shared_ptr<SharedUnit> get(const std::string& name, const asio::any_io_executor& executor) {
    auto& unit = units_[name];
    if (!unit) unit = std::make_shared<SharedUnit>(executor);
    return unit;
  }

 private:
  std::map<std::string, std::shared_ptr<SharedUnit>> units_;
};

asio::execution_context::id SharedUnits::id;

void give_back(SharedUnit& unit) {
  unit.taken = false;
  unit.free.notify();
}

}  // namespace

Task<UnitTurn> take_turn(std::string name, Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  auto unit = asio::use_service<SharedUnits>(asio::query(executor, asio::execution::context)).get(name, executor);
  while (unit->taken) {
    if (const auto woken = co_await unit->free.wait(deadline); !woken && unit->taken)
      co_return woken.error().code == Errc::canceled
          ? woken.error()
          : Error(Errc::busy, Blame::infrastructure, name + ": another outlet of this unit is being switched");
  }
  unit->taken = true;
  auto* raw = unit.get();
  co_return UnitTurn(raw, [unit = std::move(unit)](SharedUnit* taken) { give_back(*taken); });
}

}  // namespace hilltop::drivers
