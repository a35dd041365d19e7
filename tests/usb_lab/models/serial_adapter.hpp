// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/usb_lab/models/device.hpp"
#include "tests/usb_lab/models/serial_peer.hpp"

namespace hilltop::usb_lab {

/// A USB serial adapter that is used through its tty alone: a CH340 (1a86:7523, no serial number, as they come), or
/// what vid= pid= make of it. Its USB protocol is not simulated. Options: those of make_serial_peer().
class SerialAdapter : public Device {
 public:
  explicit SerialAdapter(const Options& options) : Device(options), peer_(make_serial_peer(options)) {
    Description d;
    d.vendor = 0x1a86;
    d.product = 0x7523;
    d.release = 0x0264;
    d.name = "USB Serial";
    d.interfaces = {
        {.device_class = 0xff,
         .subclass = 1,
         .protocol = 2,
         .endpoints = {{0x82, Transport::bulk, 32}, {0x02, Transport::bulk, 32}, {0x81, Transport::interrupt, 8, 1}}}};
    describe(std::move(d));
  }
  SerialPeer* serial_peer() override { return peer_.get(); }

 protected:
  void on_power(bool powered) override { peer_->set_powered(powered); }

 private:
  std::unique_ptr<SerialPeer> peer_;
};

}  // namespace hilltop::usb_lab
