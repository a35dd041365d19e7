// SPDX-License-Identifier: Apache-2.0
#include "boards/board_session.hpp"

#include <algorithm>

#include "boards/board_devices.hpp"
#include "boards/idle_watch.hpp"
#include "boards/line_keeper.hpp"
#include "boards/operation_lock.hpp"
#include "drivers/core/log.hpp"
#include "drivers/core/undisturbed.hpp"

namespace hilltop::boards {
namespace {

using drivers::PowerState;
using drivers::ResetKind;

/// Bytes that the engine reads within this time of a power cut count as said before it.
constexpr auto settle_time = std::chrono::milliseconds(200);

constexpr auto look_at_idle = std::chrono::seconds(1);
constexpr auto longest_rest = std::chrono::seconds(5);
/// What a board that rests runs for in between: what it had read before it was halted is answered then.
constexpr auto awake_time = std::chrono::milliseconds(50);

Error no_power() { return Error(Errc::unavailable, Blame::infrastructure, "the board has no power"); }

class Session final : public BoardSession, public std::enable_shared_from_this<Session> {
 public:
  Session(const Env& env, BoardConfig config, std::shared_ptr<const BoardType> type, RuleSet rules,
          BoardDevices devices, ConsoleEngine& engine)
      : config_(std::move(config)),
        type_(std::move(type)),
        rules_(std::move(rules)),
        devices_(std::move(devices)),
        engine_(engine),
        executor_(env.executor),
        lock_(env.executor),
        scope_(env.executor, "board " + config_.name) {}
  ~Session() override { close_consoles(); }

  [[nodiscard]] const BoardConfig& config() const override { return config_; }
  [[nodiscard]] const BoardType& type() const override { return *type_; }
  [[nodiscard]] const RuleSet& rules() const override { return rules_; }
  [[nodiscard]] std::shared_ptr<Console> console(std::string_view name) const override {
    for (const auto& line : lines_)
      if (name.empty() || line->name() == name) return line->console();
    return nullptr;
  }
  [[nodiscard]] drivers::ByteStream* line(std::string_view name) const override {
    for (const auto& line : lines_)
      if (name.empty() || line->name() == name) return &line->stream();
    return nullptr;
  }
  [[nodiscard]] std::vector<std::string> console_names() const override {
    std::vector<std::string> names;
    for (const auto& line : lines_) names.push_back(line->name());
    return names;
  }
  [[nodiscard]] PowerState last_power_state() const override { return last_power_; }
  drivers::ConfigurableMachine* machine() override { return devices_.machine(); }
  drivers::BootFiles* boot_files() override { return devices_.boot_files(); }
  void on_power_lost(std::function<void(std::string)> handler) override { on_power_lost_ = std::move(handler); }

  Task<> power(PowerState wanted, Deadline deadline) override {
    return switch_power(shared_from_this(), wanted, deadline);
  }
  Task<> power_cycle(Deadline deadline) override { return cycle(shared_from_this(), deadline); }
  Task<PowerState> power_state(Deadline deadline) override { return ask_power(shared_from_this(), deadline); }
  Task<> reset(ResetKind kind, Deadline deadline) override { return do_reset(shared_from_this(), kind, deadline); }
  Task<drivers::ProbeIdentity> identify(Deadline deadline) override {
    return do_identify(shared_from_this(), deadline);
  }
  Task<> flash(std::vector<drivers::FlashImage> images, drivers::FlashProgress progress, Deadline deadline) override {
    return do_flash(shared_from_this(), std::move(images), std::move(progress), deadline);
  }
  Task<> write_storage(drivers::StorageImage image, drivers::StorageProgress progress, Deadline deadline) override {
    return do_write_storage(shared_from_this(), std::move(image), std::move(progress), deadline);
  }
  Task<> recovery(bool wanted, Deadline deadline) override { return do_recovery(shared_from_this(), wanted, deadline); }
  Task<> clean(Deadline deadline) override { return do_clean(shared_from_this(), deadline); }
  Task<> close(Deadline deadline) override { return do_close(shared_from_this(), deadline); }

  /// The part of open() that touches hardware.
  static Task<> open_consoles(std::shared_ptr<Session> self, Deadline deadline);
  /// What it leaves when it fails.
  static asio::awaitable<void> give_up(std::shared_ptr<Session> self);

 private:
  static Task<> switch_power(std::shared_ptr<Session> self, PowerState wanted, Deadline deadline);
  static Task<> cycle(std::shared_ptr<Session> self, Deadline deadline);
  static Task<PowerState> ask_power(std::shared_ptr<Session> self, Deadline deadline);
  static Task<> do_reset(std::shared_ptr<Session> self, ResetKind kind, Deadline deadline);
  static Task<> do_write_storage(std::shared_ptr<Session> self, drivers::StorageImage image,
                                 drivers::StorageProgress progress, Deadline deadline);
  static Task<> do_recovery(std::shared_ptr<Session> self, bool wanted, Deadline deadline);
  static Task<drivers::ProbeIdentity> do_identify(std::shared_ptr<Session> self, Deadline deadline);
  static Task<> do_flash(std::shared_ptr<Session> self, std::vector<drivers::FlashImage> images,
                         drivers::FlashProgress progress, Deadline deadline);
  static Task<> do_clean(std::shared_ptr<Session> self, Deadline deadline);
  static Task<> do_close(std::shared_ptr<Session> self, Deadline deadline);

  static Task<> watch_idle(std::weak_ptr<Session> weak);
  static Task<bool> rest_if_idle(std::shared_ptr<Session> self, std::shared_ptr<IdleWatch> idle);

  // The following want the lock held.
  static Task<> set_power(std::shared_ptr<Session> self, PowerState wanted, Deadline deadline);
  static Task<> off_and_on(std::shared_ptr<Session> self, Deadline deadline);
  static Task<> say_down(std::shared_ptr<Session> self, Error reason);
  [[nodiscard]] Result<> may_flash() const;
  [[nodiscard]] bool line_has_unread_bytes() const;
  [[nodiscard]] Error unsupported(std::string_view what) const {
    return Error(Errc::unsupported, Blame::configuration, "board " + config_.name + " has no " + std::string(what));
  }
  void close_consoles();
  void lost(std::string reason);

  BoardConfig config_;
  std::shared_ptr<const BoardType> type_;
  RuleSet rules_;
  BoardDevices devices_;
  ConsoleEngine& engine_;
  asio::any_io_executor executor_;
  OperationLock lock_;
  std::vector<std::shared_ptr<LineKeeper>> lines_;
  bool in_recovery_ = false;
  PowerState last_power_ = PowerState::unknown;
  std::uint64_t switched_ = 0;  // counts power changes, so that a late report of a loss does not hit the next power-on
  std::function<void(std::string)> on_power_lost_;
  std::optional<std::uint64_t> idle_watch_;
  std::vector<std::uint64_t> keepers_;
  TaskScope scope_;
};

Task<> Session::open_consoles(std::shared_ptr<Session> self, Deadline deadline) {
  for (const auto& name : self->type_->consoles) {
    auto* stream = self->devices_.console(name);
    if (stream == nullptr) co_return self->unsupported("console '" + name + "', which its type has");
    auto line = std::make_shared<LineKeeper>(self->executor_, self->engine_, self->config_.name, name, *stream);
    if (auto opened = co_await LineKeeper::open(line, deadline); !opened) {
      line->stop();
      co_return std::move(opened).error().within("console " + name);
    }
    self->lines_.push_back(line);
    if (stream->reopens() || stream->counts_errors())
      self->keepers_.push_back(self->scope_.spawn("console " + name, LineKeeper::keep(line)));
  }
  const std::weak_ptr<Session> weak = self;
  if (auto* power = self->devices_.power()) {
    if (power->can_rest() && !self->type_->loaders.empty() && self->type_->rest_after.count() > 0)
      self->idle_watch_ = self->scope_.spawn("idle", watch_idle(weak));
    power->on_lost([weak](std::string reason) {
      if (const auto session = weak.lock()) session->lost(std::move(reason));
    });
  }
  co_return ok();
}

void Session::close_consoles() {
  for (const auto keeper : keepers_) scope_.cancel(keeper);
  for (const auto& line : lines_) line->stop();
  keepers_.clear();
  lines_.clear();
}

asio::awaitable<void> Session::give_up(std::shared_ptr<Session> self) {
  co_await ignore_cancellation();
  self->close_consoles();
  co_await self->scope_.join();
}

bool Session::line_has_unread_bytes() const {
  return std::ranges::any_of(lines_, [](const auto& line) { return line->has_unread_bytes(); });
}

/// Readers must get the board's last bytes before they are told that it is down: waits until the engine has read them.
// Whoever is canceled waits for no last words, and goes on being canceled: a job that switched its board off can still
// be ended afterwards.
Task<> Session::say_down(std::shared_ptr<Session> self, Error reason) {
  const auto switched = self->switched_;
  const auto deadline = Deadline::after(settle_time);
  while (co_await sleep_for(std::chrono::milliseconds(2)) && self->line_has_unread_bytes() && !deadline.passed()) {
  }
  if (switched != self->switched_) co_return ok();
  for (const auto& line : self->lines_) line->console()->set_down(reason);
  co_return ok();
}

void Session::lost(std::string reason) {
  last_power_ = PowerState::off;
  log::warn("board {}: power is lost: {}", config_.name, reason);
  scope_.spawn("power lost", say_down(shared_from_this(), no_power().within("power lost: " + reason)));
  if (on_power_lost_) on_power_lost_(std::move(reason));
}

Task<> Session::set_power(std::shared_ptr<Session> self, PowerState wanted, Deadline deadline) {
  auto* power = self->devices_.power();
  if (power == nullptr) co_return self->unsupported("power control");
  ++self->switched_;
  if (wanted == PowerState::on)
    for (const auto& line : self->lines_) line->console()->set_up();
  self->last_power_ = PowerState::unknown;
  // A board whose power is being cut is off afterwards, whoever is canceled.
  auto done = wanted == PowerState::off ? co_await undisturbed(power->set(wanted, deadline))
                                        : co_await power->set(wanted, deadline);
  if (!done) co_return std::move(done).error().within("power " + std::string(to_string(wanted)));
  HILLTOP_CO_TRY(const auto now, co_await power->state(deadline));
  if (now != wanted && now != PowerState::unknown)
    co_return Error(Errc::mismatch, Blame::infrastructure,
                    "power " + std::string(to_string(wanted)) + ": the device says " + std::string(to_string(now)));
  self->last_power_ = wanted;
  if (wanted == PowerState::off) co_return co_await say_down(self, no_power());
  co_return ok();
}

Task<> Session::off_and_on(std::shared_ptr<Session> self, Deadline deadline) {
  HILLTOP_CO_CHECK(co_await set_power(self, PowerState::off, deadline));
  if (self->type_->power_off_time.count() > 0)
    HILLTOP_CO_CHECK(co_await sleep_for(self->type_->power_off_time, deadline));
  co_return co_await set_power(self, PowerState::on, deadline);
}

Task<> Session::switch_power(std::shared_ptr<Session> self, PowerState wanted, Deadline deadline) {
  HILLTOP_CO_TRY(const auto guard, co_await self->lock_.acquire(deadline));
  co_return co_await set_power(self, wanted, deadline);
}

Task<> Session::cycle(std::shared_ptr<Session> self, Deadline deadline) {
  HILLTOP_CO_TRY(const auto guard, co_await self->lock_.acquire(deadline));
  co_return co_await off_and_on(self, deadline);
}

Task<PowerState> Session::ask_power(std::shared_ptr<Session> self, Deadline deadline) {
  HILLTOP_CO_TRY(const auto guard, co_await self->lock_.acquire(deadline));
  auto* power = self->devices_.power();
  if (power == nullptr) co_return self->unsupported("power control");
  co_return co_await power->state(deadline);
}

Task<> Session::do_reset(std::shared_ptr<Session> self, ResetKind kind, Deadline deadline) {
  HILLTOP_CO_TRY(const auto guard, co_await self->lock_.acquire(deadline));
  if (self->last_power_ == PowerState::off) co_return no_power().within("reset");
  if (auto* probe = self->devices_.probe()) co_return (co_await probe->reset(kind, deadline)).within("reset");
  if (kind == ResetKind::soft) co_return self->unsupported("probe for a soft reset");
  if (self->devices_.power() == nullptr) co_return self->unsupported("probe and no power control for a reset");
  co_return co_await off_and_on(self, deadline);
}

Task<drivers::ProbeIdentity> Session::do_identify(std::shared_ptr<Session> self, Deadline deadline) {
  HILLTOP_CO_TRY(const auto guard, co_await self->lock_.acquire(deadline));
  auto* probe = self->devices_.probe();
  if (probe == nullptr) co_return self->unsupported("probe");
  co_return (co_await probe->identify(deadline)).within("identify");
}

Result<> Session::may_flash() const {
  const auto refuse = [this](std::string_view why) {
    return Error(Errc::unsupported, Blame::configuration, "board type " + type_->name + ": " + std::string(why));
  };
  if (const auto why = type_->flash.refusal(config_.addresses["flash"]); !why.empty()) return refuse(why);
  if (devices_.flasher() == nullptr) return unsupported("way to flash it: an address for 'flash' is missing");
  return ok();
}

Task<> Session::do_flash(std::shared_ptr<Session> self, std::vector<drivers::FlashImage> images,
                         drivers::FlashProgress progress, Deadline deadline) {
  HILLTOP_CO_CHECK(self->may_flash());
  for (auto& image : images)
    if (image.format == drivers::ImageFormat::raw && !image.address) image.address = self->type_->flash.raw_address;
  HILLTOP_CO_TRY(const auto guard, co_await self->lock_.acquire(deadline));
  const bool has_none = self->last_power_ == PowerState::off && self->devices_.power() != nullptr;
  if (has_none && self->devices_.flasher()->needs_power())
    HILLTOP_CO_CHECK((co_await set_power(self, PowerState::on, deadline)).within("flash"));
  co_return (co_await self->devices_.flasher()->flash(std::move(images), std::move(progress), deadline))
      .within("flash");
}

Task<> Session::do_write_storage(std::shared_ptr<Session> self, drivers::StorageImage image,
                                 drivers::StorageProgress progress, Deadline deadline) {
  auto* mux = self->devices_.storage_mux();
  if (mux == nullptr) co_return self->unsupported("card that can be written: an address for 'storage' is missing");
  HILLTOP_CO_TRY(const auto guard, co_await self->lock_.acquire(deadline));
  co_return (co_await mux->write(std::move(image), std::move(progress), deadline)).within("storage");
}

Task<> Session::do_recovery(std::shared_ptr<Session> self, bool wanted, Deadline deadline) {
  auto* port = self->devices_.recovery();
  if (port == nullptr) co_return self->unsupported("way into its recovery mode: an address for 'recovery' is missing");
  HILLTOP_CO_TRY(const auto guard, co_await self->lock_.acquire(deadline));
  self->in_recovery_ = true;  // until it is known to be out of it
  auto set = co_await port->set(wanted ? PowerState::on : PowerState::off, deadline);
  if (set) self->in_recovery_ = wanted;
  co_return std::move(set).within("recovery");
}

Task<> Session::do_clean(std::shared_ptr<Session> self, Deadline deadline) {
  co_await ignore_cancellation();
  HILLTOP_CO_TRY(const auto guard, co_await self->lock_.acquire(deadline));
  Result<> off = ok();
  if (self->devices_.power() != nullptr) off = co_await set_power(self, PowerState::off, deadline);
  if (self->in_recovery_) {
    auto out = co_await self->devices_.recovery()->set(PowerState::off, deadline);
    self->in_recovery_ = !out;
    if (off) off = std::move(out).within("recovery");
  }
  if (auto* machine = self->devices_.machine()) machine->reset_configuration();
  if (auto* files = self->devices_.boot_files()) files->take_back();
  co_return off;
}

/// Whether the board is at rest. The lock is not held: each operation on the board ends a rest by itself.
Task<bool> Session::rest_if_idle(std::shared_ptr<Session> self, std::shared_ptr<IdleWatch> idle) {
  if (self->last_power_ != PowerState::on || self->lines_.empty()) co_return false;
  HILLTOP_CO_TRY(const auto waits, co_await IdleWatch::waits_at_prompt(idle, self->lines_.front()->console()));
  if (!waits) co_return false;
  HILLTOP_CO_TRY(const auto typed, co_await self->devices_.power()->rest(longest_rest));
  if (typed) idle->awake();
  co_return !typed;
}

Task<> Session::watch_idle(std::weak_ptr<Session> weak) {
  std::shared_ptr<IdleWatch> idle;
  for (auto pause = std::chrono::milliseconds(look_at_idle);;) {
    HILLTOP_CO_CHECK(co_await sleep_for(pause));
    const auto self = weak.lock();
    if (!self) co_return ok();
    if (!idle) {
      HILLTOP_CO_TRY(idle, IdleWatch::make(*self->type_));
    }
    const auto rests = co_await rest_if_idle(self, idle);
    if (!rests && rests.error().code == Errc::canceled) co_return rests.error();
    pause = rests && *rests ? awake_time : std::chrono::milliseconds(look_at_idle);
  }
}

Task<> Session::do_close(std::shared_ptr<Session> self, Deadline deadline) {
  co_await ignore_cancellation();
  if (self->idle_watch_) self->scope_.cancel(*self->idle_watch_);
  Result<> done = ok();
  {
    HILLTOP_CO_TRY(const auto guard, co_await self->lock_.acquire(deadline));
    ++self->switched_;
    for (const auto& [role, device] : self->devices_.all()) {
      if (auto ended = co_await device->shut_down(deadline); !ended && done) done = std::move(ended).within(role);
    }
    self->last_power_ = PowerState::unknown;
    HILLTOP_CO_CHECK(
        co_await say_down(self, Error(Errc::unavailable, Blame::infrastructure, "the board was taken out of service")));
    self->close_consoles();
  }
  co_await self->scope_.join();
  co_return done;
}

}  // namespace

Task<> BoardSession::write_storage(drivers::StorageImage, drivers::StorageProgress, Deadline) {
  co_return Error(Errc::unsupported, Blame::configuration, "the board has no card that can be written");
}

Task<> BoardSession::recovery(bool, Deadline) {
  co_return Error(Errc::unsupported, Blame::configuration, "the board has no way into a recovery mode");
}

Task<std::shared_ptr<BoardSession>> BoardSession::open(Env env, BoardConfig config,
                                                       std::shared_ptr<const BoardType> type, RuleSet rules,
                                                       drivers::DriverTable drivers, ConsoleEngine& engine,
                                                       Deadline deadline) {
  const auto name = "board " + config.name;
  auto devices = BoardDevices::make(env, config, drivers);
  if (!devices) co_return std::move(devices).error().within(name);
  auto session =
      std::make_shared<Session>(env, std::move(config), std::move(type), std::move(rules), *std::move(devices), engine);
  auto opened = co_await Session::open_consoles(session, deadline);
  if (!opened) {
    co_await Session::give_up(session);
    co_return std::move(opened).error().within(name);
  }
  co_return session;
}

}  // namespace hilltop::boards
