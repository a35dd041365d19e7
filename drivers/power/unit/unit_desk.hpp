// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/execution_context.hpp>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "drivers/core/clock.hpp"
#include "drivers/power/unit/unit_session.hpp"

namespace hilltop::drivers::unit {

/// Which boards have an outlet, and which of them want it on. An outlet of one board is switched as that board wants;
/// a shared one is off only when all of its boards are.
struct OutletUse {
  std::map<std::string, bool> boards;  ///< name, and whether it says that it shares
  std::set<std::string> want_on;
};

/// Several boards that want to know their outlets' state while the unit is busy are told together.
struct ReadBatch {
  explicit ReadBatch(asio::any_io_executor executor) : over(std::move(executor)) {}
  AddressPtr address;
  std::map<std::string, Result<PowerState>> outlets;
  bool is_over = false;
  Event over;
};

/// One power unit of this worker: everybody who switches one of its outlets comes here, one after the other.
/// Thread: the worker's.
class PowerUnit : public std::enable_shared_from_this<PowerUnit> {
 public:
  PowerUnit(asio::any_io_executor executor, std::string place)
      : executor_(std::move(executor)), place_(std::move(place)) {}

  /// The right to talk to the unit, until it dies.
  class Turn {
   public:
    Turn() = default;
    explicit Turn(std::shared_ptr<PowerUnit> unit) : unit_(std::move(unit)) {}
    Turn(Turn&&) noexcept = default;
    Turn& operator=(Turn&&) noexcept = default;
    ~Turn() {
      if (unit_) unit_->give_turn_on();
    }

   private:
    std::shared_ptr<PowerUnit> unit_;
  };

  /// Waits for a turn, in order of asking, and then until `gap` has passed since the last one.
  /// Errors: busy (infrastructure) when it does not come by the deadline; canceled.
  static Task<Turn> take_turn(std::shared_ptr<PowerUnit> unit, std::chrono::milliseconds gap, Deadline deadline);

  /// Refuses for a time a unit that has failed too often in a row. After that one operation is let through: it decides.
  /// Errors: unavailable (infrastructure), which says since when and why.
  [[nodiscard]] Result<> may_be_asked() const;
  /// How an operation ended. What says nothing about the unit (canceled, somebody else's session, a relay that does
  /// not obey) counts as no failure.
  void note(const UnitModel& model, const Result<>& ended);

  /// Gives a board an outlet. Errors: bad_input (configuration) when another board has it and not both share.
  Result<> claim(const std::string& outlet, const std::string& board, bool shared);
  void give_back(const std::string& outlet, const std::string& board);
  OutletUse& use_of(const std::string& outlet) { return outlets_[outlet]; }

  [[nodiscard]] const asio::any_io_executor& executor() const { return executor_; }
  /// A conversation that may be gone on with by who has the turn and the same address.
  SessionPtr kept_session;
  AddressPtr kept_address;
  std::shared_ptr<ReadBatch> gathering;  ///< reads that wait for their turn

 private:
  struct Waiter {
    explicit Waiter(asio::any_io_executor executor) : event(std::move(executor)) {}
    Event event;
    bool granted = false;
  };
  void give_turn_on();

  asio::any_io_executor executor_;
  std::string place_;
  bool taken_ = false;
  std::deque<std::shared_ptr<Waiter>> waiting_;
  Deadline::Clock::time_point last_end_{};
  std::map<std::string, OutletUse> outlets_;

  unsigned failures_ = 0;
  std::string last_failure_;
  UtcTime refused_since_;
  std::chrono::milliseconds refused_for_{0};
  Deadline refused_until_ = Deadline::at({});
};

/// The power units of a worker, by place. A service of its execution context: same thread, same lifetime.
class UnitDesk final : public asio::execution_context::service {
 public:
  using key_type = UnitDesk;
  static asio::execution_context::id id;

  explicit UnitDesk(asio::execution_context& context) : service(context) {}
  static std::shared_ptr<PowerUnit> unit(const asio::any_io_executor& executor, const std::string& place);

 private:
  void shutdown() override;

  std::map<std::string, std::shared_ptr<PowerUnit>> units_;
};

}  // namespace hilltop::drivers::unit
