// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/usb_lab/models/device.hpp"

namespace hilltop::usb_lab {

/// An EnerGenie / SiS-PM outlet strip (04b4:fd15): four outlets, feature report 3 * OUTLET holds the outlet's number
/// and its state in bit 0; report 1 holds the strip's own five bytes of identity. Source: sispmctl, as read; nobody
/// else vouches for it. Options: outlets=4, id=0101020304. Logs `outlets BITS`.
class Sispm : public Device {
 public:
  explicit Sispm(const Options& options);

 protected:
  bool on_control(const Setup& setup, Bytes& data) override;

 private:
  unsigned outlets_;
  Bytes id_;
  std::uint8_t on_ = 0;
};

}  // namespace hilltop::usb_lab
