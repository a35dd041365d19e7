// SPDX-License-Identifier: Apache-2.0
#include "drivers/probe/dap_target.hpp"

#include <fmt/format.h>

#include "drivers/core/log.hpp"
#include "drivers/usb/usb_recovery.hpp"

namespace hilltop::drivers {
namespace {

constexpr auto reset_pulse = std::chrono::milliseconds(20);
constexpr auto time_to_reset = std::chrono::seconds(2);
constexpr auto time_to_appear = std::chrono::seconds(10);  // a probe that begins anew
constexpr auto time_to_answer = std::chrono::seconds(2);   // the first question; a probe that works takes milliseconds
constexpr auto time_to_halt = std::chrono::seconds(1);
constexpr auto between_looks = std::chrono::milliseconds(5);

}  // namespace

DapTarget::DapTarget(Env env, Options options)
    : env_(std::move(env)), options_(std::move(options)), turn_(env_.executor) {}

/// A fault of the board's bus is the only error after which the connection is as it was.
void DapTarget::note(const Error& error) {
  if (error.code == Errc::io && error.blame == Blame::dut) return;
  port_.reset();
  if (link_ && link_->broken()) link_.reset();
}

Task<std::shared_ptr<DapLink>> DapTarget::link(std::shared_ptr<DapTarget> self, Deadline deadline) {
  if (self->link_) co_return self->link_;
  HILLTOP_CO_TRY(const auto bus, UsbBus::of(self->env_));
  HILLTOP_CO_TRY(auto usb, co_await bus->open(self->options_.usb, deadline.at_most(time_to_appear)));
  const auto last = usb->info();
  auto link = co_await DapLink::open(std::move(usb), deadline.at_most(time_to_answer));
  const bool hangs = !link && (link.error().code == Errc::timeout || link.error().code == Errc::io);
  if (hangs && !deadline.passed() && !co_await is_canceled()) {
    log::warn("{}: {}; bringing it back", last.title(), link.error().text);
    HILLTOP_CO_TRY(auto again, co_await recover_usb_device(bus, self->options_.usb, last, deadline));
    link = co_await DapLink::open(std::move(again), deadline);
  }
  HILLTOP_CO_TRY(self->link_, std::move(link));
  co_return self->link_;
}

Task<DapTarget::Port> DapTarget::port(std::shared_ptr<DapTarget> self, Deadline deadline) {
  if (self->port_) co_return self->port_;
  HILLTOP_CO_TRY(auto link, co_await DapTarget::link(self, deadline));
  auto port = std::make_shared<DapPort>(std::move(link), self->options_.port);
  if (auto connected = co_await DapPort::connect(port, deadline); !connected) {
    self->note(connected.error());
    co_return std::move(connected).error();
  }
  self->port_ = port;
  co_return port;
}

Task<std::string> DapTarget::read_in_turn(std::shared_ptr<DapTarget> self, std::uint32_t address, std::uint32_t size,
                                          Deadline deadline) {
  HILLTOP_CO_TRY(const auto turn, co_await self->turn_.take(deadline));
  HILLTOP_CO_TRY(auto port, co_await DapTarget::port(self, deadline));
  auto out = co_await DapPort::read(std::move(port), address, size, deadline);
  if (!out) self->note(out.error());
  co_return out;
}

Task<> DapTarget::write_in_turn(std::shared_ptr<DapTarget> self, std::uint32_t address, std::string bytes,
                                Deadline deadline) {
  HILLTOP_CO_TRY(const auto turn, co_await self->turn_.take(deadline));
  HILLTOP_CO_TRY(auto port, co_await DapTarget::port(self, deadline));
  auto out = co_await DapPort::write(std::move(port), address, std::move(bytes), deadline);
  if (!out) self->note(out.error());
  co_return out;
}

Task<std::string> DapTarget::read(std::uint32_t address, std::uint32_t size, Deadline deadline) {
  return read_in_turn(shared_from_this(), address, size, deadline);
}

Task<> DapTarget::write(std::uint32_t address, std::string bytes, Deadline deadline) {
  return write_in_turn(shared_from_this(), address, std::move(bytes), deadline);
}

/// The target's identities; "" where it does not answer.
Task<std::string> DapTarget::describe(std::shared_ptr<DapTarget> self, Deadline deadline) {
  auto port = co_await DapTarget::port(self, deadline);
  if (!port && port.error().code == Errc::unavailable && self->link_) co_return std::string();
  if (!port) co_return std::move(port).error();
  auto text = fmt::format("dpidr {:#010x}", (*port)->dpidr());
  const auto cpuid = co_await DapPort::read_word(*port, adi::cpuid, deadline);
  if (cpuid) co_return text + fmt::format(", cpuid {:#010x}", *cpuid);
  self->note(cpuid.error());
  // Another core than a Cortex-M, or another access port: the debug port alone is an identity too.
  if (cpuid.error().blame == Blame::dut) co_return text;
  co_return cpuid.error();
}

Task<ProbeIdentity> DapTarget::identify(std::shared_ptr<DapTarget> self, Deadline deadline) {
  HILLTOP_CO_TRY(const auto turn, co_await self->turn_.take(deadline));
  HILLTOP_CO_TRY(const auto link, co_await DapTarget::link(self, deadline));
  ProbeIdentity out;
  out.name = link->usb().name;
  out.serial = link->usb().serial;
  auto said = co_await DapLink::ask(link, cmsis_dap::info(cmsis_dap::Info::firmware), deadline);
  if (!said) {
    self->note(said.error());
    co_return std::move(said).error();
  }
  HILLTOP_CO_TRY(out.firmware, cmsis_dap::info_text(*said));
  HILLTOP_CO_TRY(out.target, co_await describe(self, deadline));
  co_return out;
}

/// Waits until the core says that it was reset; it may not answer meanwhile.
Task<> DapTarget::await_reset(std::shared_ptr<DapTarget> self, Deadline deadline) {
  const auto until = deadline.at_most(time_to_reset);
  for (bool answered = false;;) {
    auto port = co_await DapTarget::port(self, deadline);
    auto status = port ? co_await DapPort::read_word(*port, adi::dhcsr, deadline) : Result<std::uint32_t>(port.error());
    if (status && (*status & adi::dhcsr_s_reset) != 0) co_return ok();
    if (status) answered = true;
    if (!status) self->note(status.error());
    if (!status && status.error().code == Errc::canceled) co_return status.error();
    if (until.passed() && answered)
      co_return Error(Errc::mismatch, Blame::infrastructure, "the core says that it was not reset");
    // Firmware may take the debug pins for itself as soon as it runs: then nobody can ask.
    if (until.passed()) co_return ok();
    HILLTOP_CO_CHECK(co_await sleep_for(between_looks, deadline));
  }
}

Task<> DapTarget::pull_reset(std::shared_ptr<DapTarget> self, Deadline deadline) {
  HILLTOP_CO_TRY(auto port, co_await DapTarget::port(self, deadline));
  (void)co_await DapPort::read_word(port, adi::dhcsr, deadline);  // forgets former resets
  auto done = co_await DapPort::hold_reset(port, true, deadline);
  if (done) done = co_await sleep_for(reset_pulse, deadline);
  // The line is let go of whatever happened: a board that is held in reset is of no use to anybody.
  if (co_await is_canceled()) co_await ignore_cancellation();
  const auto released = co_await DapPort::hold_reset(port, false, Deadline::after(time_to_reset));
  if (!done || !released) {
    auto error = done ? released.error() : done.error();
    self->note(error);
    co_return error;
  }
  co_return (co_await await_reset(self, deadline)).within("reset line");
}

Task<> DapTarget::ask_for_reset(std::shared_ptr<DapTarget> self, Deadline deadline) {
  HILLTOP_CO_TRY(auto port, co_await DapTarget::port(self, deadline));
  (void)co_await DapPort::read_word(port, adi::dhcsr, deadline);
  // The reset may swallow the answer to the very write that asks for it.
  if (const auto asked = co_await DapPort::write_word(port, adi::aircr, adi::aircr_system_reset, deadline); !asked)
    self->note(asked.error());
  co_return (co_await await_reset(self, deadline)).within("SYSRESETREQ");
}

Task<> DapTarget::reset(std::shared_ptr<DapTarget> self, ResetKind kind, Deadline deadline) {
  HILLTOP_CO_TRY(const auto turn, co_await self->turn_.take(deadline));
  co_return kind == ResetKind::hard ? co_await pull_reset(self, deadline) : co_await ask_for_reset(self, deadline);
}

Task<> DapTarget::halt(std::shared_ptr<DapTarget> self, Deadline deadline) {
  HILLTOP_CO_TRY(const auto turn, co_await self->turn_.take(deadline));
  HILLTOP_CO_TRY(auto port, co_await DapTarget::port(self, deadline));
  auto done = co_await DapPort::write_word(port, adi::dhcsr, adi::dhcsr_halt, deadline);
  const auto until = deadline.at_most(time_to_halt);
  while (done) {
    const auto status = co_await DapPort::read_word(port, adi::dhcsr, deadline);
    if (status && (*status & adi::dhcsr_s_halt) != 0) co_return ok();
    if (!status) done = status.error();
    if (status && until.passed()) co_return Error(Errc::timeout, Blame::infrastructure, "the core does not halt");
    if (status) HILLTOP_CO_CHECK(co_await sleep_for(between_looks, deadline));
  }
  self->note(done.error());
  co_return done;
}

Task<> DapTarget::resume(std::shared_ptr<DapTarget> self, Deadline deadline) {
  HILLTOP_CO_TRY(const auto turn, co_await self->turn_.take(deadline));
  HILLTOP_CO_TRY(auto port, co_await DapTarget::port(self, deadline));
  auto done = co_await DapPort::write_word(std::move(port), adi::dhcsr, adi::dhcsr_run, deadline);
  if (!done) self->note(done.error());
  co_return done;
}

Task<> DapTarget::let_go(std::shared_ptr<DapTarget> self, Deadline deadline) {
  HILLTOP_CO_TRY(const auto turn, co_await self->turn_.take(deadline));
  Result<> done = ok();
  if (self->link_) done = co_await DapLink::tell(self->link_, cmsis_dap::disconnect(), "disconnect", deadline);
  self->port_.reset();
  self->link_.reset();
  co_return done;
}

}  // namespace hilltop::drivers
