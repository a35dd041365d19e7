// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>

#include "tests/usb_lab/models/debug/debug_port.hpp"
#include "tests/usb_lab/models/device.hpp"

namespace hilltop::usb_lab {

/// An ST-Link/V2 (0483:3748, firmware V2J29) in front of a target (debug/target.hpp): commands of 16 bytes on endpoint
/// 2, answers on 0x81. J29 is the last version before commands that are not simulated. The protocol is not published:
/// it is as OpenOCD's stlink_usb.c uses it, and OpenOCD vouches for it (hla_swd and dapdirect_swd). Options:
/// dpidr=2ba01477, and the target's.
class StLink : public Device {
 public:
  explicit StLink(const Options& options);

 protected:
  bool on_out(std::uint8_t endpoint, const Bytes& data) override;
  bool on_in(std::uint8_t endpoint, std::size_t room, Bytes& data) override;
  void on_power(bool powered) override;

 private:
  void general_command(const Bytes& command);
  void debug_command(const Bytes& command);
  void access_port(const Bytes& command, bool read);
  void read_memory(const Bytes& command);
  void expect_data(const Bytes& command);
  void take_data(const Bytes& data);
  void drive_reset(std::uint8_t how);
  std::uint32_t core_register(unsigned number);

  void answer(Bytes bytes, std::size_t size);
  void status(bool fine);
  void value(std::uint32_t word, bool fine);

  DebugPort port_;
  std::deque<Bytes> answers_;
  Bytes incoming_;
  std::size_t incoming_size_ = 0;
  std::uint32_t address_ = 0;
  std::uint8_t mode_ = 1;  ///< mass storage
  std::uint8_t last_status_ = 0x80;
  bool reset_held_ = false;
};

}  // namespace hilltop::usb_lab
