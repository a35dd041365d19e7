// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>

#include "tests/usb_lab/models/device.hpp"

namespace hilltop::usb_lab {

/// The control interface of a Yepkit YKUSH (04d8:f2f7): three switched ports, 64-byte interrupt reports, the command in
/// the first byte: 0x0P off, 0x1P on, 0x2P status, P = 1..3 or 0xa for all; the answer is 0x01 and the state as a
/// command that would bring it about. Source: Yepkit's own tool ykushcmd, as read; nobody else vouches for it. Logs
/// `ports BITS`.
class Ykush : public Device {
 public:
  explicit Ykush(const Options& options);

 protected:
  bool on_control(const Setup& setup, Bytes& data) override;
  bool on_out(std::uint8_t endpoint, const Bytes& data) override;
  bool on_in(std::uint8_t endpoint, std::size_t room, Bytes& data) override;
  void on_power(bool powered) override;

 private:
  void switch_to(std::uint8_t ports);

  std::uint8_t ports_ = 0;
  std::deque<Bytes> answers_;
};

}  // namespace hilltop::usb_lab
