// SPDX-License-Identifier: Apache-2.0
#include "drivers/emulator/qemu_machine.hpp"

#include <fmt/format.h>

#include "drivers/core/log.hpp"
#include "drivers/flash/image_files.hpp"
#include "drivers/probe/gdb_flash.hpp"

namespace hilltop::drivers {
namespace {

/// Machines whose emulated flash controller lets the board's own software write flash: what it wrote survives a power
/// cut. Source: QEMU 7.2, hw/nvram/nrf51_nvm.c (microbit); the other machines' flash is written by the debug stub
/// alone.
bool writes_its_flash(const QemuAddress& address) { return address.machine == "microbit"; }

constexpr auto kill_time = std::chrono::seconds(5);

std::vector<std::string> fixed_argv(const QemuAddress& address) {
  std::vector<std::string> argv{"qemu-system-" + address.system, "-M", address.machine};
  if (!address.cpu.empty()) argv.insert(argv.end(), {"-cpu", address.cpu});
  if (!address.memory.empty()) argv.insert(argv.end(), {"-m", address.memory});
  argv.insert(argv.end(), address.extra_args.begin(), address.extra_args.end());
  return argv;
}

}  // namespace

QemuMachine::QemuMachine(Env env, QemuAddress address)
    : env_(std::move(env)),
      address_(std::move(address)),
      storage_(env_.state_dir, address_.memories, address_.boot_image),
      line_(env_.executor),
      boot_(std::make_shared<QemuBoot>(address_, env_.state_dir)),
      scope_(env_.executor, "qemu") {
  if (!address_.configurable) chosen_ = fixed_argv(address_);
}

QemuMachine::~QemuMachine() {
  if (process_) process_->abandon();
}

void QemuMachine::on_end(std::string reason) {
  line_.power_off();
  const bool was_up = std::exchange(up_, false);  // one that never came up is the error of power_on()
  if (was_up && on_lost_) on_lost_(std::move(reason));
}

Task<> QemuMachine::start(std::shared_ptr<QemuMachine> self, bool halted, Deadline deadline) {
  if (!self->chosen_)
    co_return Error(Errc::unavailable, Blame::job, "the job has not chosen a machine (context: arch, ...)");
  HILLTOP_CO_TRY(const auto boot_words, co_await QemuBoot::prepare(self->boot_, deadline));
  self->process_.reset();  // one that died: its debug socket goes before the new one is made
  HILLTOP_CO_CHECK(self->line_.make());
  self->line_.power_on();
  QemuProcess::Launch launch;
  launch.argv = *self->chosen_;
  launch.argv.insert(launch.argv.end(), boot_words.begin(), boot_words.end());
  launch.console_fd = self->line_.board_end();
  launch.socket_dir = self->env_.state_dir;
  launch.halted = halted;
  const std::weak_ptr<QemuMachine> weak = self;
  auto on_end = [weak](std::string reason) {
    if (const auto machine = weak.lock()) machine->on_end(std::move(reason));
  };
  auto started = QemuProcess::start(self->env_.executor, std::move(launch), self->scope_, std::move(on_end));
  if (!started) {
    self->line_.power_off();
    co_return std::move(started).error();
  }
  self->process_ = *std::move(started);
  co_return co_await QemuProcess::greet(self->process_, deadline);
}

/// Writes what the memories hold, and lets the cores run from their reset vectors.
Task<> QemuMachine::release(std::shared_ptr<QemuMachine> self, std::vector<Segment> contents, Deadline deadline) {
  HILLTOP_CO_TRY(const auto gdb, co_await QemuProcess::attach(self->process_, deadline));
  HILLTOP_CO_CHECK(co_await write_segments(gdb, std::move(contents), {}, deadline));
  HILLTOP_CO_CHECK(co_await QemuProcess::reset(self->process_, deadline));
  co_return co_await GdbClient::detach(gdb, deadline);
}

Task<> QemuMachine::power_on(std::shared_ptr<QemuMachine> self, Deadline deadline) {
  if (self->running()) co_return ok();
  HILLTOP_CO_TRY(auto contents, self->storage_.contents());
  // A core without a program locks up, which ends QEMU: that of an empty board stays halted until it is flashed.
  const bool halted = !self->address_.memories.empty();
  const bool empty = contents.empty();
  auto on = co_await start(self, halted, deadline);
  if (on && halted && !empty) on = co_await release(self, std::move(contents), deadline);
  if (!on) HILLTOP_CO_CHECK(co_await cut(self, Deadline::after(kill_time)));
  self->up_ = on.has_value();
  co_return on;
}

/// Saves what the board's software wrote to flash. A board that hangs has a QEMU that answers all the same.
Task<> QemuMachine::keep_own_writes(std::shared_ptr<QemuMachine> self) {
  const auto deadline = Deadline::after(std::chrono::seconds(2));
  HILLTOP_CO_CHECK(co_await QemuProcess::execute(self->process_, "stop", nullptr, deadline));
  for (const auto& memory : self->address_.memories) {
    if (memory.kind != MemoryRange::Kind::flash) continue;
    const auto file = self->storage_.file_of(memory);
    const auto beside = file.string() + ".new";
    nlohmann::json arguments{{"val", memory.start}, {"size", memory.size}, {"filename", beside}};
    HILLTOP_CO_CHECK(co_await QemuProcess::execute(self->process_, "memsave", std::move(arguments), deadline));
    std::error_code error;
    std::filesystem::rename(beside, file, error);
    if (error) co_return system_error(file.string(), error.value());
  }
  co_return ok();
}

Task<> QemuMachine::power_off(std::shared_ptr<QemuMachine> self, Deadline deadline) {
  co_await ignore_cancellation();
  self->wake();
  if (self->running() && writes_its_flash(self->address_)) {
    if (const auto kept = co_await keep_own_writes(self); !kept)
      log::warn("qemu {}: what the board wrote to its flash is lost: {}", self->address_.machine, kept.error().text);
  }
  co_return co_await cut(self, deadline.at_most(kill_time));
}

Task<> QemuMachine::cut(std::shared_ptr<QemuMachine> self, Deadline deadline) {
  co_await ignore_cancellation();
  self->up_ = false;
  if (self->process_) HILLTOP_CO_CHECK(co_await QemuProcess::kill(self->process_, deadline));
  self->process_.reset();
  self->line_.power_off();
  co_return ok();
}

void QemuMachine::wake() {
  if (!std::exchange(resting_, false)) return;
  if (process_) process_->thaw();
}

/// The process is stopped, not its cores: what is typed waits in the socket, where it is seen and not lost.
Task<bool> QemuMachine::rest(std::shared_ptr<QemuMachine> self, std::chrono::milliseconds duration) {
  if (!self->running() || !self->up_ || self->resting_) co_return false;
  const auto until = Deadline::after(duration);
  self->resting_ = true;
  self->process_->freeze();
  constexpr auto look_again = std::chrono::milliseconds(20);
  Result<> slept = ok();
  while (slept && self->resting_ && !self->line_.typed() && !until.passed()) slept = co_await sleep_for(look_again);
  const bool typed = self->line_.typed();
  self->wake();
  if (!slept) co_return std::move(slept).error();
  co_return typed;
}

Task<> QemuMachine::reset(std::shared_ptr<QemuMachine> self, Deadline deadline) {
  if (!self->running()) co_return Error(Errc::unavailable, Blame::infrastructure, "the board has no power");
  self->wake();
  co_return co_await QemuProcess::reset(self->process_, deadline);
}

Task<> QemuMachine::write_all(std::shared_ptr<QemuMachine> self, std::vector<Image> images, FlashProgress progress,
                              Deadline deadline) {
  HILLTOP_CO_TRY(const auto gdb, co_await QemuProcess::attach(self->process_, deadline));
  HILLTOP_CO_CHECK(co_await write_and_verify(gdb, images, std::move(progress), deadline));
  HILLTOP_CO_CHECK(self->storage_.keep(images));
  const auto resets = self->process_->resets();
  HILLTOP_CO_CHECK(co_await GdbClient::monitor(gdb, "system_reset", deadline));
  HILLTOP_CO_CHECK(co_await QemuProcess::wait_for_reset(self->process_, resets, deadline));
  co_return co_await GdbClient::detach(gdb, deadline);
}

/// The cores stay halted when a debugger goes without detaching: lets them run again.
Task<> QemuMachine::resume(std::shared_ptr<QemuMachine> self) {
  co_await ignore_cancellation();
  if (!self->running()) co_return ok();
  const auto resumed =
      co_await QemuProcess::execute(self->process_, "cont", nullptr, Deadline::after(std::chrono::seconds(2)));
  if (!resumed) log::warn("qemu {}: resuming after a failed flash: {}", self->address_.machine, resumed.error().text);
  co_return ok();
}

/// With the cores halted all the time: what is flashed is not run, and nothing else changes.
Task<> QemuMachine::flash_unpowered(std::shared_ptr<QemuMachine> self, std::vector<Image> images,
                                    FlashProgress progress, Deadline deadline) {
  auto done = co_await start(self, true, deadline);
  if (done) done = co_await write_all(self, std::move(images), std::move(progress), deadline);
  auto off = co_await cut(self, Deadline::after(kill_time));
  if (done && !off) co_return off;
  co_return done;
}

Task<> QemuMachine::flash(std::shared_ptr<QemuMachine> self, std::vector<FlashImage> images, FlashProgress progress,
                          Deadline deadline) {
  self->wake();
  HILLTOP_CO_TRY(auto read, read_images(images));
  HILLTOP_CO_CHECK(check_fit(read, self->address_.memories));
  read = without_absent(std::move(read), self->address_.memories);
  if (!self->running()) co_return co_await flash_unpowered(self, std::move(read), std::move(progress), deadline);
  auto done = co_await write_all(self, std::move(read), std::move(progress), deadline);
  if (!done) HILLTOP_CO_CHECK(co_await resume(self));
  co_return done;
}

Task<> QemuMachine::shut_down(std::shared_ptr<QemuMachine> self, Deadline deadline) {
  auto off = co_await power_off(self, deadline);
  if (off) co_await self->scope_.join();
  co_return off;  // the line stays open: whoever reads it still has the board's last bytes to read
}

}  // namespace hilltop::drivers
