// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "tests/usb_lab/models/debug/gdb_link.hpp"
#include "tests/usb_lab/models/debug/target.hpp"

namespace hilltop::usb_lab {

/// An emulated Cortex-M: core and memory through QEMU's GDB stub, the reset line through QMP.
/// What of QEMU 7.2 shows through: the stub serves memory only while the machine is stopped (it is stopped for the
/// access and goes on); writes to peripherals need the stub's physical mode; an executed BKPT kills QEMU, so that each
/// BKPT that is written to memory becomes a breakpoint of the stub.
class GdbTarget : public Target {
 public:
  explicit GdbTarget(const Options& options);

  bool alive() override;
  bool read(std::uint32_t address, std::span<std::uint8_t> bytes) override;
  bool write(std::uint32_t address, std::span<const std::uint8_t> bytes) override;
  [[nodiscard]] bool running() const override { return running_; }
  void halt() override;
  void resume() override;
  void step() override;
  std::optional<std::uint32_t> core_register(unsigned number) override;
  void set_core_register(unsigned number, std::uint32_t value) override;
  void set_breakpoint(std::uint32_t address, bool on) override;
  void reset(bool halted) override;
  bool take_stop() override;

 private:
  /// Stops the machine for an access; value: whether it ran.
  bool pause();
  void go();
  void notice_stop();
  void mirror_breakpoints(std::uint32_t address, std::span<const std::uint8_t> bytes);
  void tell_qemu(const std::string& command) const;

  PowerProbe power_;
  StateLog log_;
  std::string gdb_;
  std::string qmp_;
  GdbLink link_;
  std::map<std::uint32_t, bool> mirrored_;
  bool running_ = false;
  bool stopped_ = false;
};

}  // namespace hilltop::usb_lab
