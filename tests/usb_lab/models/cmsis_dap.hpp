// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>

#include "tests/usb_lab/models/debug/debug_port.hpp"
#include "tests/usb_lab/models/device.hpp"

namespace hilltop::usb_lab {

/// A CMSIS-DAP probe (Arm CMSIS-DAP 2.1) for SWD, in front of a target (debug/target.hpp): version 2 with bulk
/// endpoints, or version=1 with HID reports of 64 bytes. Version 2 is vouched for by OpenOCD. Options: version=2,
/// dpidr=2ba01477, and the target's: gdb, qmp, powered, flash, ram, ram_out, flash_image.
class CmsisDap : public Device {
 public:
  explicit CmsisDap(const Options& options);

 protected:
  bool on_control(const Setup& setup, Bytes& data) override;
  bool on_out(std::uint8_t endpoint, const Bytes& data) override;
  bool on_in(std::uint8_t endpoint, std::size_t room, Bytes& data) override;
  void on_power(bool powered) override;

 private:
  /// What a command answers after its own number; nothing for the one that has no answer.
  bool execute(const Bytes& command, Bytes& answer);
  void info(std::uint8_t id, Bytes& answer) const;
  void transfer(const Bytes& command, Bytes& answer);
  void transfer_block(const Bytes& command, Bytes& answer);
  std::uint8_t one_transfer(std::uint8_t request, std::span<const std::uint8_t> operand, Bytes& read);
  void pins(const Bytes& command, Bytes& answer);
  void sequence(const Bytes& command, Bytes& answer) const;

  bool is_hid_;
  std::size_t packet_;
  DebugPort port_;
  std::deque<Bytes> answers_;
  std::uint32_t match_mask_ = 0xffffffff;
  bool reset_held_ = false;
};

}  // namespace hilltop::usb_lab
