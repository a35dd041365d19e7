// SPDX-License-Identifier: Apache-2.0
#include "drivers/api/device.hpp"
#include "drivers/emulator/qemu_address.hpp"
#include "drivers/emulator/qemu_configuration.hpp"
#include "drivers/emulator/qemu_machine.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

class QemuPower final : public PowerPort {
 public:
  explicit QemuPower(std::shared_ptr<QemuMachine> machine) : machine_(std::move(machine)) {}

  Task<> set(PowerState wanted, Deadline deadline) override {
    return wanted == PowerState::on ? QemuMachine::power_on(machine_, deadline)
                                    : QemuMachine::power_off(machine_, deadline);
  }
  Task<PowerState> state(Deadline) override { return state_of(machine_); }
  void on_lost(std::function<void(std::string)> handler) override { machine_->on_lost(std::move(handler)); }
  [[nodiscard]] bool can_rest() const override { return true; }
  Task<bool> rest(std::chrono::milliseconds duration) override { return QemuMachine::rest(machine_, duration); }

 private:
  static Task<PowerState> state_of(std::shared_ptr<QemuMachine> machine) {
    co_return machine->running() ? PowerState::on : PowerState::off;
  }
  std::shared_ptr<QemuMachine> machine_;
};

class QemuProbe final : public Probe {
 public:
  explicit QemuProbe(std::shared_ptr<QemuMachine> machine) : machine_(std::move(machine)) {}
  /// An emulated board has one reset: both kinds are QMP's system_reset.
  Task<> reset(ResetKind, Deadline deadline) override { return QemuMachine::reset(machine_, deadline); }

 private:
  std::shared_ptr<QemuMachine> machine_;
};

class QemuFlasher final : public Flasher {
 public:
  explicit QemuFlasher(std::shared_ptr<QemuMachine> machine) : machine_(std::move(machine)) {}
  [[nodiscard]] bool needs_power() const override { return false; }
  Task<> flash(std::vector<FlashImage> images, FlashProgress progress, Deadline deadline) override {
    return QemuMachine::flash(machine_, std::move(images), std::move(progress), deadline);
  }

 private:
  std::shared_ptr<QemuMachine> machine_;
};

class QemuConfigurable final : public ConfigurableMachine {
 public:
  QemuConfigurable(std::shared_ptr<QemuMachine> machine, std::vector<std::string> extra_args)
      : machine_(std::move(machine)), extra_args_(std::move(extra_args)) {}

  Result<> configure(Setup setup) override {
    HILLTOP_TRY(auto argv, qemu_argv(setup));
    argv.insert(argv.end(), extra_args_.begin(), extra_args_.end());
    machine_->choose(std::move(argv));
    return ok();
  }
  void reset_configuration() override { machine_->choose(std::nullopt); }

 private:
  std::shared_ptr<QemuMachine> machine_;
  std::vector<std::string> extra_args_;  // the lab's, not a job's: they are not filtered
};

class QemuDevice final : public Device {
 public:
  QemuDevice(Env env, QemuAddress address)
      : configurable_(address.configurable),
        flashable_(!address.memories.empty()),
        machine_(std::make_shared<QemuMachine>(std::move(env), address)),
        power_(machine_),
        probe_(machine_),
        flasher_(machine_),
        configuration_(machine_, address.extra_args) {}

  PowerPort* power() override { return &power_; }
  ByteStream* console(std::string_view name) override { return name == "main" ? &machine_->line() : nullptr; }
  Probe* probe() override { return &probe_; }
  Flasher* flasher() override { return flashable_ ? &flasher_ : nullptr; }
  ConfigurableMachine* machine() override { return configurable_ ? &configuration_ : nullptr; }
  BootFiles* boot_files() override { return configurable_ ? nullptr : &machine_->boot(); }
  Task<> shut_down(Deadline deadline) override { return QemuMachine::shut_down(machine_, deadline); }

 private:
  bool configurable_;
  bool flashable_;
  std::shared_ptr<QemuMachine> machine_;
  QemuPower power_;
  QemuProbe probe_;
  QemuFlasher flasher_;
  QemuConfigurable configuration_;
};

Result<std::unique_ptr<Device>> make_qemu(const Env& env, const Node& address) {
  return std::unique_ptr<Device>(std::make_unique<QemuDevice>(env, read_qemu_address(address)));
}

}  // namespace

constinit const DriverInfo qemu{
    .name = "qemu",
    .offers = "power, console, probe, flash",
    .summary = "a board emulated by QEMU: a machine of the lab's choice, or of each job's",
    .source = "QEMU 7.2 documentation (Invocation, QMP, gdbstub)",
    .verified = Verified::independent_tool,
    .check = check_qemu_address,
    .make = make_qemu,
};

}  // namespace hilltop::drivers
