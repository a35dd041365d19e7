// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "tests/usb_lab/models/device.hpp"
#include "tests/usb_lab/models/serial_peer.hpp"

namespace hilltop::usb_lab {

/// An FTDI FT232R, FT245R (0403:6001) or FT-X (0403:6015) as its driver sees it: vendor requests, bulk endpoints, two
/// status bytes before each packet. UART mode has a peer (serial_peer.hpp); bit-bang moves eight pins (relay boards);
/// CBUS bit-bang moves four (SDWire is a 04e8:6001). Vouched for by libftdi1 and the kernel's ftdi_sio. Options:
/// latency_ms=16, those of make_serial_peer(). Logs `pins BITS`, `cbus VALUE dir OUTPUTS`, `modem dtr=D rts=R`, `break
/// on|off`.
class Ftdi : public Device {
 public:
  explicit Ftdi(const Options& options);
  SerialPeer* serial_peer() override { return peer_.get(); }

 protected:
  bool on_control(const Setup& setup, Bytes& data) override;
  bool on_out(std::uint8_t endpoint, const Bytes& data) override;
  bool on_in(std::uint8_t endpoint, std::size_t room, Bytes& data) override;
  void on_power(bool powered) override;
  void on_reset() override;

 private:
  bool read_request(const Setup& setup, Bytes& data) const;
  bool write_request(const Setup& setup);
  void set_bitmode(std::uint8_t mode, std::uint8_t mask);
  void set_pins(std::uint8_t pins);
  void set_modem(std::uint16_t value);

  Bytes eeprom_;
  std::unique_ptr<SerialPeer> peer_;
  Clock::time_point last_packet_ = {};
  std::uint8_t mode_ = 0;
  std::uint8_t outputs_ = 0;
  std::uint8_t pins_ = 0;
  std::uint8_t cbus_ = 0;
  std::uint8_t modem_ = 0;
  std::uint8_t latency_ms_;
  bool break_ = false;
};

}  // namespace hilltop::usb_lab
