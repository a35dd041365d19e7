// SPDX-License-Identifier: Apache-2.0
// Driver `power-unit`: an outlet of a network, serial or USB power unit that a model describes (drivers/power/units).
//   driver: power-unit
//   model: apc                  # or the path of a model of your own: /etc/hilltop/units/ours.yaml
//   host: pdu-3.lab             # serial units: path: /dev/serial/by-id/...; USB ones: serial: or path: 1-1.4
//   outlet: 3
//   port: 161                   # where it is not the usual one
//   community_file: /etc/hilltop/pdu-3   # what the model wants: user, password, ...; or community: private
//   shared: yes                 # another board has this outlet, too: it is off only when both are
// Driver `pdudaemon`: an outlet that a pdudaemon switches.
//   driver: pdudaemon
//   host: lab-server
//   pdu: baylibre-acme          # what the daemon calls the unit
//   outlet: 3
#include <fmt/format.h>

#include <algorithm>

#include "drivers/api/device.hpp"
#include "drivers/core/log.hpp"
#include "drivers/power/unit/unit_address.hpp"
#include "drivers/power/unit/unit_operation.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

using unit::OutletAddress;
using unit::OutletPtr;

/// Who wants it on still, besides `board`.
std::string others_of(const unit::OutletUse& use, const std::string& board) {
  std::string out;
  for (const auto& other : use.want_on)
    if (other != board) out += (out.empty() ? "" : ", ") + other;
  return out;
}

Task<> switch_for(OutletPtr outlet, std::string board, PowerState wanted, Deadline deadline) {
  if (wanted == PowerState::on) outlet->unit->use_of(outlet->key).want_on.insert(board);
  if (wanted == PowerState::off) {
    auto& use = outlet->unit->use_of(outlet->key);
    use.want_on.erase(board);
    if (const auto others = others_of(use, board); !others.empty()) {
      log::info("board {}: {} outlet {} stays on for {}", board, outlet->address->title(), outlet->name, others);
      co_return ok();
    }
  }
  co_return co_await unit::switch_outlet(outlet, wanted, deadline);
}

/// A board that has let go of an outlet which another one needs cannot say that it has no power.
Task<PowerState> state_for(OutletPtr outlet, std::string board, Deadline deadline) {
  const auto& use = outlet->unit->use_of(outlet->key);
  if (!use.want_on.contains(board) && !others_of(use, board).empty()) co_return PowerState::unknown;
  co_return co_await unit::read_outlet(outlet, deadline);
}

class UnitOutlet final : public Device, PowerPort {
 public:
  UnitOutlet(OutletPtr outlet, std::string board) : outlet_(std::move(outlet)), board_(std::move(board)) {}
  ~UnitOutlet() override { outlet_->unit->give_back(outlet_->key, board_); }
  UnitOutlet(const UnitOutlet&) = delete;
  UnitOutlet& operator=(const UnitOutlet&) = delete;

  PowerPort* power() override { return this; }
  Task<> shut_down(Deadline) override { co_return ok(); }

 private:
  Task<> set(PowerState wanted, Deadline deadline) override { return switch_for(outlet_, board_, wanted, deadline); }
  Task<PowerState> state(Deadline deadline) override { return state_for(outlet_, board_, deadline); }

  OutletPtr outlet_;
  std::string board_;
};

OutletAddress read_power_unit(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "power-unit", diagnostics);
  (void)fields.text("driver");
  const auto model = unit::read_model_name(fields);
  if (!model) return {};
  auto out = unit::read_outlet_address(fields, model);
  fields.refuse_others();
  return out;
}

OutletAddress read_pdudaemon(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "pdudaemon", diagnostics);
  (void)fields.text("driver");
  const auto& models = unit::unit_models();
  const auto model = models.find("pdudaemon");
  if (model == models.end()) return {};
  auto out = unit::read_outlet_address(fields, model->second);
  fields.refuse_others();
  return out;
}

/// An outlet's number, and the parameters that are no credentials: "3", "3 pdu=acme".
std::string key_of(const unit::Outlet& outlet) {
  auto out = outlet.name;
  for (const auto& parameter : outlet.address->model->parameters) {
    const auto& given = outlet.address->parameters;
    const auto value = given.find(parameter.name);
    if (parameter.secret || parameter.name == "user" || value == given.end()) continue;
    out += " " + parameter.name + "=" + value->second;
  }
  return out;
}

/// The board whose device this is: its state is kept in .../BOARD/ROLE.
std::string board_of(const Env& env) { return env.state_dir.parent_path().filename().string(); }

Result<std::unique_ptr<Device>> make_outlet(const Env& env, OutletAddress address, const Diagnostics& diagnostics) {
  if (diagnostics.has_errors() || !address.unit) return diagnostics.to_error(Blame::configuration);
  auto outlet = std::make_shared<unit::Outlet>();
  outlet->env = env;
  outlet->unit = unit::UnitDesk::unit(env.executor, address.unit->place());
  outlet->address = std::move(address.unit);
  outlet->name = std::move(address.outlet);
  outlet->key = key_of(*outlet);
  const auto board = board_of(env);
  HILLTOP_CHECK(outlet->unit->claim(outlet->key, board, address.shared).within(outlet->address->title()));
  return std::unique_ptr<Device>(std::make_unique<UnitOutlet>(std::move(outlet), board));
}

void check_power_unit(const Node& address, Diagnostics& diagnostics) { (void)read_power_unit(address, diagnostics); }
void check_pdudaemon(const Node& address, Diagnostics& diagnostics) { (void)read_pdudaemon(address, diagnostics); }

Result<std::unique_ptr<Device>> make_power_unit(const Env& env, const Node& address) {
  Diagnostics diagnostics;
  auto read = read_power_unit(address, diagnostics);
  return make_outlet(env, std::move(read), diagnostics);
}

Result<std::unique_ptr<Device>> make_pdudaemon(const Env& env, const Node& address) {
  Diagnostics diagnostics;
  auto read = read_pdudaemon(address, diagnostics);
  return make_outlet(env, std::move(read), diagnostics);
}

}  // namespace

constinit const DriverInfo power_unit{
    .name = "power-unit",
    .offers = "power",
    .summary = "an outlet of a power unit (HTTP, SNMP, telnet, TCP, serial, HID or a program), by model",
    .source = "each model has its own: hilltopd --power-units",
    .verified = Verified::independent_tool,
    .check = check_power_unit,
    .make = make_power_unit,
};

constinit const DriverInfo pdudaemon{
    .name = "pdudaemon",
    .offers = "power",
    .summary = "an outlet that a pdudaemon switches, by its HTTP interface",
    .source = "pdudaemon, README (HTTP listener, /power/control)",
    .verified = Verified::specification,
    .check = check_pdudaemon,
    .make = make_pdudaemon,
};

}  // namespace hilltop::drivers
