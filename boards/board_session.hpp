// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "boards/board_type.hpp"
#include "boards/console/console.hpp"
#include "boards/inventory.hpp"
#include "drivers/api/device.hpp"

namespace hilltop::boards {

/// One board at work: its capabilities, and its consoles. Everything that touches the board goes through here,
/// one operation at a time.
/// Thread: the worker's.
class BoardSession {
 public:
  /// Makes the devices of `config` (touches no hardware but opens the consoles, so that no first byte is lost).
  /// Errors: configuration; unavailable (infrastructure) when a console cannot be opened.
  static Task<std::shared_ptr<BoardSession>> open(Env env, BoardConfig config, std::shared_ptr<const BoardType> type, RuleSet rules,
                                                  drivers::DriverTable drivers, ConsoleEngine& engine, Deadline deadline);
  virtual ~BoardSession() = default;

  [[nodiscard]] virtual const BoardConfig& config() const = 0;
  [[nodiscard]] virtual const BoardType& type() const = 0;
  [[nodiscard]] virtual const RuleSet& rules() const = 0;
  /// "" is the board's first console. nullptr when there is none of that name.
  [[nodiscard]] virtual std::shared_ptr<Console> console(std::string_view name = "") const = 0;
  [[nodiscard]] virtual std::vector<std::string> console_names() const = 0;
  /// The line of a console, to drive it (speed, break); its bytes belong to the Console. nullptr as above. Lives as long
  /// as the session is open.
  [[nodiscard]] virtual drivers::ByteStream* line(std::string_view console) const {
    (void)console;
    return nullptr;
  }

  /// Switches the power; verified by reading back where the device can. Errors: unsupported (configuration) without power control.
  virtual Task<> power(drivers::PowerState wanted, Deadline deadline) = 0;
  /// Off, the type's power_off_time, on.
  virtual Task<> power_cycle(Deadline deadline) = 0;
  virtual Task<drivers::PowerState> power_state(Deadline deadline) = 0;
  /// What was last switched: no device is asked.
  [[nodiscard]] virtual drivers::PowerState last_power_state() const = 0;
  /// By the probe; a hard reset without one is a power cycle. Errors: unsupported (configuration); unavailable when powered off.
  virtual Task<> reset(drivers::ResetKind kind, Deadline deadline) = 0;
  /// What the probe says of itself and of the board. Errors: unsupported (configuration) without a probe that can;
  /// unavailable (infrastructure).
  virtual Task<drivers::ProbeIdentity> identify(Deadline deadline) = 0;
  /// Flashes and verifies. Errors: unsupported (configuration) when the type's flash facts have no source; those of Flasher.
  virtual Task<> flash(std::vector<drivers::FlashImage> images, drivers::FlashProgress progress, Deadline deadline) = 0;
  /// Writes the board's card through its mux (role `storage`), and gives it to the board. Errors: unsupported
  /// (configuration) where the lab names none; those of StorageMux::write().
  virtual Task<> write_storage(drivers::StorageImage image, drivers::StorageProgress progress, Deadline deadline);
  /// Switches what brings the board to its recovery mode at its next power-on (role `recovery`: a relay at a button or a
  /// jumper). Errors: unsupported (configuration) where the lab names nothing; those of PowerPort::set().
  virtual Task<> recovery(bool wanted, Deadline deadline);
  /// nullptr unless the job chooses the machine.
  virtual drivers::ConfigurableMachine* machine() = 0;
  /// nullptr where a job can lend the board nothing (TFTP folder, drives, ...): only emulated boards take that.
  virtual drivers::BootFiles* boot_files() { return nullptr; }

  /// Back to what the next user expects: powered off (read back), machine set-up forgotten.
  virtual Task<> clean(Deadline deadline) = 0;
  /// Ends tools and emulators, closes consoles. Nothing else may be called after it.
  virtual Task<> close(Deadline deadline) = 0;

  /// Called when power is lost without having been switched.
  virtual void on_power_lost(std::function<void(std::string reason)> handler) = 0;
};

}  // namespace hilltop::boards
