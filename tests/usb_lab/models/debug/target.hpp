// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "tests/usb_lab/models/options.hpp"
#include "tests/usb_lab/models/state_log.hpp"

namespace hilltop::usb_lab {

/// What is at the end of a simulated probe's cable: a core and its memory.
class Target {
 public:
  virtual ~Target() = default;

  /// Whether somebody answers: the board has power.
  virtual bool alive() = 0;
  /// False: a bus fault.
  virtual bool read(std::uint32_t address, std::span<std::uint8_t> bytes) = 0;
  virtual bool write(std::uint32_t address, std::span<const std::uint8_t> bytes) = 0;
  [[nodiscard]] virtual bool running() const = 0;
  virtual void halt() = 0;
  virtual void resume() = 0;
  virtual void step() = 0;
  /// r0 to r15 and 16 for xPSR.
  virtual std::optional<std::uint32_t> core_register(unsigned number) = 0;
  virtual void set_core_register(unsigned number, std::uint32_t value) = 0;
  virtual void set_breakpoint(std::uint32_t address, bool on) = 0;
  /// The reset line, or SYSRESETREQ. `halted`: the core stays at its first instruction.
  virtual void reset(bool halted) = 0;
  /// Whether the core has stopped by itself (at a breakpoint) since this was asked.
  virtual bool take_stop() = 0;
};

/// gdb=SOCKET,qmp=SOCKET: an emulated board; without them memory alone (flat_target.hpp), or with rtt=SIZE memory in
/// which a firmware talks (rtt_target.hpp). Options of all:
/// powered=FILE:PORT (the board has power while the last line `vbus PORT ...` of FILE, a hub's state=, says so).
/// Logs `core reset`, `core halted`, `core running`.
std::unique_ptr<Target> make_target(const Options& options);

/// The `powered=` of make_target().
class PowerProbe {
 public:
  explicit PowerProbe(const Options& options);
  [[nodiscard]] bool on() const;

 private:
  std::string file_;
  std::string prefix_;
};

}  // namespace hilltop::usb_lab
