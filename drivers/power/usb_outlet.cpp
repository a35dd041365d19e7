// SPDX-License-Identifier: Apache-2.0
#include "drivers/power/usb_outlet.hpp"

#include "drivers/power/read_back.hpp"
#include "drivers/power/unit_turn.hpp"

namespace hilltop::drivers {
namespace {

/// What is not there after this long was not just beginning anew.
constexpr auto most_time_to_appear = std::chrono::seconds(10);
constexpr auto between_tries = std::chrono::milliseconds(50);

/// A unit in use.
struct Use {
  UnitTurn turn = {};
  std::shared_ptr<UsbHandle> handle = {};
};

/// Everything that an operation keeps.
struct Job {
  Env env;
  const UsbUnitKind* kind;
  UsbOutlet outlet;
  Job(Env e, const UsbUnitKind* k, UsbOutlet o) : env(std::move(e)), kind(k), outlet(std::move(o)) {}
};

bool is_same(const UsbDeviceInfo& a, const UsbDeviceInfo& b) { return a.bus == b.bus && a.address == b.address; }

/// The handle that is open already, when the unit is still what it was; otherwise no handle.
Task<Use> use_kept(std::shared_ptr<UsbBus> bus, UsbMatch match, Deadline deadline) {
  Use use;
  HILLTOP_CO_TRY(const auto devices, bus->devices());
  const auto found = find_usb_device(devices, match);
  if (!found) co_return use;  // it may be on its way: open() waits, and says what is wrong
  HILLTOP_CO_TRY(use.turn, co_await take_turn("usb " + found->path, deadline));
  if (use.turn->kept && is_same(use.turn->kept->info(), *found)) use.handle = use.turn->kept;
  co_return use;
}

Task<Use> begin_once(Job job, Deadline deadline) {
  HILLTOP_CO_TRY(auto bus, UsbBus::of(job.env));
  HILLTOP_CO_TRY(auto use, co_await use_kept(bus, job.outlet.match, deadline));
  if (use.handle) co_return use;
  use.turn.reset();
  HILLTOP_CO_TRY(use.handle, co_await bus->open(job.outlet.match, deadline));
  HILLTOP_CO_TRY(use.turn, co_await take_turn("usb " + use.handle->info().path, deadline));
  auto& kept = use.turn->kept;
  if (kept && is_same(kept->info(), use.handle->info())) {  // another outlet was faster
    use.handle = kept;
    co_return use;
  }
  kept = nullptr;
  if (job.kind->interface) HILLTOP_CO_CHECK(co_await use.handle->claim(*job.kind->interface, deadline));
  kept = use.handle;
  co_return use;
}

/// A unit that leaves at its beginning has been told nothing yet: it is waited for as one that is not there.
Task<Use> begin(Job job, Deadline deadline) {
  const auto until = deadline.at_most(most_time_to_appear);
  for (;;) {
    auto use = co_await begin_once(job, until);
    if (use || use.error().code != Errc::unavailable) co_return use;
    if (!co_await sleep_for(between_tries, until)) co_return use;
  }
}

Task<PowerState> ask(Use use, Job job, Deadline deadline) {
  if (job.kind->get == nullptr) co_return PowerState::unknown;
  HILLTOP_CO_TRY(const bool closed, co_await job.kind->get(use.handle, job.outlet.outlet, deadline));
  co_return closed != job.outlet.normally_closed ? PowerState::on : PowerState::off;
}

Task<PowerState> read_state(Job job, Deadline deadline) {
  HILLTOP_CO_TRY(const auto use, co_await begin(job, deadline));
  auto state = co_await ask(use, std::move(job), deadline);
  if (!state) use.turn->kept = nullptr;
  co_return state;
}

Task<> switch_to(Job job, PowerState wanted, Deadline deadline) {
  HILLTOP_CO_TRY(const auto use, co_await begin(job, deadline));
  const auto set = [&](bool on) {
    return job.kind->set(use.handle, job.outlet.outlet, on != job.outlet.normally_closed, deadline);
  };
  const auto get = [&] { return ask(use, job, deadline); };
  auto done = co_await switch_and_read_back(set, get, wanted, deadline);
  if (!done) use.turn->kept = nullptr;  // the next one begins anew
  if (!done && done.error().code == Errc::mismatch)
    co_return std::move(done).within(use.handle->info().title() + ": outlet " + std::to_string(job.outlet.outlet));
  co_return done;
}

class UsbOutletPower final : public Device, PowerPort {
 public:
  explicit UsbOutletPower(Job job) : job_(std::move(job)) {}
  PowerPort* power() override { return this; }
  Task<> shut_down(Deadline) override { co_return ok(); }

 private:
  Task<> set(PowerState wanted, Deadline deadline) override { return switch_to(job_, wanted, deadline); }
  Task<PowerState> state(Deadline deadline) override { return read_state(job_, deadline); }
  void on_lost(std::function<void(std::string reason)> handler) override {
    const auto bus = UsbBus::of(job_.env);
    if (!bus) return;  // the first operation says why
    watch_ =
        (*bus)->on_change([match = job_.outlet.match, handler = std::move(handler)](auto change, const auto& device) {
          if (change == UsbBus::Change::left && match.fits(device)) handler(device.title() + " was unplugged");
        });
  }

  Job job_;
  std::shared_ptr<void> watch_;
};

}  // namespace

UsbOutlet read_usb_outlet(Fields& fields, std::optional<UsbMatch> id, unsigned most) {
  UsbOutlet out;
  (void)fields.text("driver");
  if (most > 1) fields.require("outlet", "which one, counted from 1");
  out.outlet = static_cast<unsigned>(fields.integer("outlet", 1, most).value_or(1));
  out.normally_closed = fields.flag("normally_closed").value_or(false);
  out.match = read_usb_match(fields, std::move(id));
  return out;
}

std::unique_ptr<Device> make_usb_outlet(const Env& env, const UsbUnitKind& kind, UsbOutlet outlet) {
  return std::make_unique<UsbOutletPower>(Job(env, &kind, std::move(outlet)));
}

}  // namespace hilltop::drivers
