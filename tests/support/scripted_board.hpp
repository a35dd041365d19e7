// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "boards/board_session.hpp"

namespace hilltop::test {

/// A console in memory: the test says what the board says.
class ScriptedConsole final : public boards::Console {
 public:
  explicit ScriptedConsole(asio::any_io_executor executor) : arrived_(executor) {}

  [[nodiscard]] const std::string& board() const override { return board_; }
  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] std::uint64_t end() const override { return all_.size(); }

  Task<boards::ConsoleChunk> read(std::uint64_t from, std::size_t max, Deadline deadline) override {
    return read_from(this, from, max, deadline);
  }
  Task<std::string> fetch(std::uint64_t from, std::uint64_t to, Deadline) override {
    return fetch_from(this, from, to);
  }
  Task<std::uint64_t> offset_at(UtcTime) override { return fetch_offset(); }
  Task<> write(std::string bytes, boards::Typing, Deadline) override { return take_typed(this, std::move(bytes)); }
  void set_down(Error reason) override {
    down_ = std::make_unique<Error>(std::move(reason));
    arrived_.notify();
  }
  void set_up() override { down_.reset(); }

  /// The board says `bytes`.
  void say(std::string_view bytes) {
    all_ += bytes;
    arrived_.notify();
  }

  std::function<void(const std::string& line)> on_typed;  ///< called with each line typed, without its Return
  std::vector<std::string> typed;
  std::size_t window = SIZE_MAX;  ///< bytes that a live reader can go back

 private:
  static Task<boards::ConsoleChunk> read_from(ScriptedConsole* self, std::uint64_t from, std::size_t max,
                                              Deadline deadline) {
    while (from >= self->all_.size()) {
      if (self->down_) co_return *self->down_;
      HILLTOP_CO_CHECK(co_await self->arrived_.wait(deadline));
    }
    boards::ConsoleChunk chunk;
    const auto oldest = self->all_.size() - std::min(self->window, self->all_.size());
    chunk.offset = std::max<std::uint64_t>(from, oldest);
    chunk.lost = chunk.offset - from;
    chunk.time = utc_now();
    chunk.bytes = self->all_.substr(chunk.offset, max);
    co_return chunk;
  }
  static Task<std::string> fetch_from(ScriptedConsole* self, std::uint64_t from, std::uint64_t to) {
    co_return self->all_.substr(from, to - from);
  }
  static Task<std::uint64_t> fetch_offset() { co_return std::uint64_t{0}; }
  static Task<> take_typed(ScriptedConsole* self, std::string bytes) {
    if (bytes.ends_with('\r')) bytes.pop_back();
    self->typed.push_back(bytes);
    if (self->on_typed) self->on_typed(bytes);
    co_return ok();
  }

  std::string board_ = "scripted", name_ = "main";
  std::string all_;
  Event arrived_;
  std::unique_ptr<Error> down_;
};

/// Keeps what a job lends.
class RecordingBootFiles final : public drivers::BootFiles {
 public:
  [[nodiscard]] Network network() const override { return {"10.0.2.2", "10.0.2.100", "10.0.2.15"}; }
  [[nodiscard]] std::vector<std::string> drives() const override { return {"disk"}; }
  Result<> lend(Lent lent) override {
    last = std::move(lent);
    return ok();
  }
  void take_back() override { last = {}; }
  Lent last;
};

/// A board whose behaviour is written in the test.
class ScriptedBoard final : public boards::BoardSession {
 public:
  ScriptedBoard(asio::any_io_executor executor, boards::BoardType type, boards::RuleSet rules)
      : main(std::make_shared<ScriptedConsole>(executor)), type_(std::move(type)), rules_(std::move(rules)) {
    config_.name = "scripted";
    config_.type = type_.name;
  }

  [[nodiscard]] const boards::BoardConfig& config() const override { return config_; }
  [[nodiscard]] const boards::BoardType& type() const override { return type_; }
  [[nodiscard]] const boards::RuleSet& rules() const override { return rules_; }
  [[nodiscard]] std::shared_ptr<boards::Console> console(std::string_view) const override { return main; }
  [[nodiscard]] std::vector<std::string> console_names() const override { return {"main"}; }

  Task<> power(drivers::PowerState wanted, Deadline) override { return switch_power(this, wanted); }
  Task<> power_cycle(Deadline) override { return cycle(this); }
  Task<drivers::PowerState> power_state(Deadline) override { return state_of(this); }
  [[nodiscard]] drivers::PowerState last_power_state() const override { return state_; }
  Task<> reset(drivers::ResetKind, Deadline) override { return restart(this); }
  Task<> flash(std::vector<drivers::FlashImage> images, drivers::FlashProgress progress, Deadline) override {
    return take_images(this, std::move(images), std::move(progress));
  }
  Task<drivers::ProbeIdentity> identify(Deadline) override { return no_probe(); }
  Task<> write_storage(drivers::StorageImage image, drivers::StorageProgress progress, Deadline) override {
    return take_card(this, std::move(image), std::move(progress));
  }
  Task<> recovery(bool wanted, Deadline) override { return note_recovery(this, wanted); }
  drivers::ConfigurableMachine* machine() override { return chosen_machine; }
  drivers::BootFiles* boot_files() override { return lent_to; }
  Task<> clean(Deadline) override { return clean_up(this); }
  Task<> close(Deadline) override { return do_nothing(); }
  void on_power_lost(std::function<void(std::string)>) override {}

  [[nodiscard]] boards::BoardType& own_type() { return type_; }
  void set_power_state(drivers::PowerState state) { state_ = state; }
  [[nodiscard]] boards::BoardConfig& own_config() { return config_; }
  void set_rules(boards::RuleSet rules) { rules_ = std::move(rules); }

  std::shared_ptr<ScriptedConsole> main;
  std::function<void(int start)> on_start;  ///< the board starts (power on or reset), for the n-th time from 1
  drivers::ConfigurableMachine* chosen_machine = nullptr;
  drivers::BootFiles* lent_to = nullptr;
  Result<> power_result = ok(), flash_result = ok(), clean_result = ok(), reset_result = ok(), storage_result = ok();
  std::function<void()> on_flash;  ///< while it is flashed
  std::vector<drivers::FlashImage> flashed;
  std::vector<drivers::StorageImage> cards;
  std::vector<std::string> calls;  ///< "power off", "recovery on", "card", in order
  int starts = 0, cleaned = 0;

 private:
  static Task<> take_card(ScriptedBoard* self, drivers::StorageImage image, drivers::StorageProgress progress) {
    self->calls.emplace_back("card");
    if (progress) progress(1024, 1024);
    self->cards.push_back(std::move(image));
    co_return self->storage_result;
  }
  static Task<> note_recovery(ScriptedBoard* self, bool wanted) {
    self->calls.emplace_back(wanted ? "recovery on" : "recovery off");
    co_return ok();
  }
  static Task<> switch_power(ScriptedBoard* self, drivers::PowerState wanted) {
    self->calls.emplace_back(wanted == drivers::PowerState::on ? "power on" : "power off");
    if (!self->power_result) co_return self->power_result;
    const bool rises = wanted == drivers::PowerState::on && self->state_ != drivers::PowerState::on;
    self->state_ = wanted;
    if (rises) self->start();
    co_return ok();
  }
  static Task<> cycle(ScriptedBoard* self) {
    if (!self->power_result) co_return self->power_result;
    self->state_ = drivers::PowerState::on;
    self->start();
    co_return ok();
  }
  static Task<> restart(ScriptedBoard* self) {
    if (!self->reset_result) co_return self->reset_result;
    self->start();
    co_return ok();
  }
  static Task<drivers::PowerState> state_of(ScriptedBoard* self) { co_return self->state_; }
  static Task<> take_images(ScriptedBoard* self, std::vector<drivers::FlashImage> images,
                            drivers::FlashProgress progress) {
    if (progress) progress(512, 1024), progress(1024, 1024);
    self->flashed = std::move(images);
    if (self->on_flash) self->on_flash();
    co_return self->flash_result;
  }
  static Task<> clean_up(ScriptedBoard* self) {
    ++self->cleaned;
    self->state_ = drivers::PowerState::off;
    co_return self->clean_result;
  }
  static Task<> do_nothing() { co_return ok(); }
  static Task<drivers::ProbeIdentity> no_probe() {
    co_return Error(Errc::unsupported, Blame::configuration, "the board has no probe");
  }
  void start() {
    main->set_up();
    ++starts;
    if (on_start) on_start(starts);
  }

  boards::BoardConfig config_;
  boards::BoardType type_;
  boards::RuleSet rules_;
  drivers::PowerState state_ = drivers::PowerState::off;
};

}  // namespace hilltop::test
