// SPDX-License-Identifier: Apache-2.0
// Driver `command-power`: power that a program switches.
//   driver: command-power
//   power_on: [usbrelay, HW341_1=1]   # program and arguments; no shell ("on" alone would be a truth value in YAML 1.1)
//   power_off: [usbrelay, HW341_1=0]
//   status: [usbrelay]             # optional: reads the state back; then both texts are needed
//   on_text: HW341_1=1             # what its output holds when power is on
//   off_text: HW341_1=0
#include "drivers/api/device.hpp"
#include "drivers/core/fields.hpp"
#include "drivers/core/process.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

struct Commands {
  std::vector<std::string> on, off, status;
  std::string on_text, off_text;
};

constexpr auto between_read_backs = std::chrono::milliseconds(100);
constexpr auto most_read_back_time = std::chrono::seconds(10);

Task<PowerState> ask(Commands commands, Deadline deadline) {
  if (commands.status.empty()) co_return PowerState::unknown;
  Command command(commands.status);
  HILLTOP_CO_TRY(const auto said, co_await run_tool_checked(std::move(command), deadline));
  const bool on = said.text.contains(commands.on_text);
  const bool off = said.text.contains(commands.off_text);
  if (on == off) co_return PowerState::unknown;
  co_return on ? PowerState::on : PowerState::off;
}

Task<> switch_power(Commands commands, PowerState wanted, Deadline deadline) {
  Command command(wanted == PowerState::on ? commands.on : commands.off);
  HILLTOP_CO_CHECK(co_await run_tool_checked(std::move(command), deadline));
  if (commands.status.empty()) co_return ok();
  // A relay may take a moment to agree.
  const auto until = deadline.at_most(most_read_back_time);
  for (bool disagreed = false;; disagreed = true) {
    const auto now = co_await ask(commands, deadline);
    // A status that was wrong and is still asked for at the deadline is wrong, not late.
    if (!now && disagreed && now.error().code == Errc::timeout) break;
    if (!now) co_return now.error();
    if (*now == wanted) co_return ok();
    if (!co_await sleep_for(between_read_backs, until)) break;
  }
  if (co_await is_canceled()) co_return canceled_error("power");
  co_return Error(Errc::mismatch, Blame::infrastructure,
                  "after switching " + std::string(to_string(wanted)) + " the status does not say so");
}

class CommandPower final : public Device, PowerPort {
 public:
  explicit CommandPower(Commands commands) : commands_(std::move(commands)) {}
  PowerPort* power() override { return this; }
  Task<> shut_down(Deadline) override { co_return ok(); }

 private:
  Task<> set(PowerState wanted, Deadline deadline) override { return switch_power(commands_, wanted, deadline); }
  Task<PowerState> state(Deadline deadline) override { return ask(commands_, deadline); }

  Commands commands_;
};

std::vector<std::string> read_argv(Fields& fields, std::string_view key) {
  auto argv = fields.texts(key);
  if (argv && (argv->empty() || argv->front().empty()))
    fields.error(fields.node()[key], "'" + std::string(key) + "' names no program");
  return argv.value_or(std::vector<std::string>{});
}

Commands read_commands(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "command-power", diagnostics);
  (void)fields.text("driver");
  fields.require("power_on", "a program and its arguments");
  fields.require("power_off", "a program and its arguments");
  Commands commands{read_argv(fields, "power_on"), read_argv(fields, "power_off"), read_argv(fields, "status"),
                    fields.text("on_text").value_or(""), fields.text("off_text").value_or("")};
  const bool has_status = !commands.status.empty();
  if (has_status && (commands.on_text.empty() || commands.off_text.empty()))
    fields.error(address["status"], "'status' needs 'on_text' and 'off_text': what its output holds");
  if (!has_status && (!commands.on_text.empty() || !commands.off_text.empty()))
    fields.error(address, "'on_text' and 'off_text' have no meaning without 'status'");
  fields.refuse_others();
  return commands;
}

void check_command_power(const Node& address, Diagnostics& diagnostics) { (void)read_commands(address, diagnostics); }

Result<std::unique_ptr<Device>> make_command_power(const Env&, const Node& address) {
  Diagnostics diagnostics;
  auto commands = read_commands(address, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return std::unique_ptr<Device>(std::make_unique<CommandPower>(std::move(commands)));
}

}  // namespace

constinit const DriverInfo command_power{
    .name = "command-power",
    .offers = "power",
    .summary = "power that a program switches, read back by another",
    .source = "the lab's own programs",
    .verified = Verified::unproven,
    .check = check_command_power,
    .make = make_command_power,
};

}  // namespace hilltop::drivers
