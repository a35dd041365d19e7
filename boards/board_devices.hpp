// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include "boards/inventory.hpp"
#include "drivers/api/device.hpp"
#include "drivers/core/driver_info.hpp"

namespace hilltop::boards {

/// The devices of one board by role, and which of them does what: role `emulator` offers everything, and the roles
/// `power`, `console`, `probe` and `flash` stand before it. A probe's own consoles (RTT) and flasher serve where the
/// roles `console` and `flash` have none. Role `storage` is its card's mux, role `recovery` a switch
/// (its power port) that holds it in its recovery mode. A console that is there only while somebody is logged in (ssh)
/// is switched on and off as power is, where role `power` has nothing.
class BoardDevices {
 public:
  /// Makes them all; touches no hardware. A device keeps its state in env.state_dir/BOARD/ROLE.
  /// Errors: configuration for an unknown role or driver, or an address that the driver refuses.
  static Result<BoardDevices> make(const Env& env, const BoardConfig& config, drivers::DriverTable drivers);

  /// nullptr where the board has none.
  [[nodiscard]] drivers::PowerPort* power() const;
  [[nodiscard]] drivers::ByteStream* console(std::string_view name) const;
  [[nodiscard]] drivers::Probe* probe() const;
  [[nodiscard]] drivers::Flasher* flasher() const;
  [[nodiscard]] drivers::StorageMux* storage_mux() const;
  [[nodiscard]] drivers::PowerPort* recovery() const;
  [[nodiscard]] drivers::ConfigurableMachine* machine() const;
  [[nodiscard]] drivers::BootFiles* boot_files() const;
  [[nodiscard]] const std::map<std::string, std::unique_ptr<drivers::Device>, std::less<>>& all() const {
    return by_role_;
  }

 private:
  [[nodiscard]] drivers::Device* find(std::string_view role) const;

  std::map<std::string, std::unique_ptr<drivers::Device>, std::less<>> by_role_;
};

}  // namespace hilltop::boards
