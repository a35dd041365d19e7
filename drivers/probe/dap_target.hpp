// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "drivers/api/probe.hpp"
#include "drivers/probe/dap_port.hpp"
#include "drivers/probe/target_memory.hpp"
#include "drivers/probe/turn.hpp"

namespace hilltop::drivers {

/// A Cortex-M behind a CMSIS-DAP probe that is found by its identity: opened and connected when it is first used, and
/// again after the probe was unplugged or the board had no power. Its users take turns.
/// Errors: those of UsbBus::open, DapLink and DapPort.
class DapTarget final : public TargetMemory, public std::enable_shared_from_this<DapTarget> {
 public:
  struct Options {
    UsbMatch usb;
    DapPort::Options port;
  };
  DapTarget(Env env, Options options);

  Task<std::string> read(std::uint32_t address, std::uint32_t size, Deadline deadline) override;
  Task<> write(std::uint32_t address, std::string bytes, Deadline deadline) override;

  static Task<ProbeIdentity> identify(std::shared_ptr<DapTarget> self, Deadline deadline);
  /// Resets, and sees to it that the core was reset. Errors also: mismatch (infrastructure) when it was not.
  static Task<> reset(std::shared_ptr<DapTarget> self, ResetKind kind, Deadline deadline);
  static Task<> halt(std::shared_ptr<DapTarget> self, Deadline deadline);
  static Task<> resume(std::shared_ptr<DapTarget> self, Deadline deadline);
  /// Lets the target go on without a debugger, and the probe to others. Clean-up.
  static Task<> let_go(std::shared_ptr<DapTarget> self, Deadline deadline);

 private:
  using Port = std::shared_ptr<DapPort>;
  static Task<std::shared_ptr<DapLink>> link(std::shared_ptr<DapTarget> self, Deadline deadline);
  static Task<Port> port(std::shared_ptr<DapTarget> self, Deadline deadline);
  static Task<std::string> read_in_turn(std::shared_ptr<DapTarget> self, std::uint32_t address, std::uint32_t size,
                                        Deadline deadline);
  static Task<> write_in_turn(std::shared_ptr<DapTarget> self, std::uint32_t address, std::string bytes,
                              Deadline deadline);
  static Task<> pull_reset(std::shared_ptr<DapTarget> self, Deadline deadline);
  static Task<> ask_for_reset(std::shared_ptr<DapTarget> self, Deadline deadline);
  static Task<> await_reset(std::shared_ptr<DapTarget> self, Deadline deadline);
  static Task<std::string> describe(std::shared_ptr<DapTarget> self, Deadline deadline);
  void note(const Error& error);

  Env env_;
  Options options_;
  Turn turn_;
  std::shared_ptr<DapLink> link_;  // nullptr: not opened, or lost
  Port port_;                      // nullptr: not connected
};

}  // namespace hilltop::drivers
