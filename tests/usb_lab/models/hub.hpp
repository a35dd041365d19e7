// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "tests/usb_lab/models/device.hpp"
#include "tests/usb_lab/models/power_switch.hpp"

namespace hilltop::usb_lab {

/// The logical hub of a box: its USB 2 or its USB 3 half (USB 2.0, 11.23 and 11.24; USB 3.2, 10.15 and 10.16).
/// Options: ports=4, switching=per-port|ganged|none|fake, stuck (power requests are accepted and ignored).
class Hub : public Device {
 public:
  /// A hub on its own, or the first half of a box; Speed::super makes the USB 3 half.
  Hub(const Options& options, std::shared_ptr<PowerSwitch> box, Speed speed = Speed::high);

  static std::shared_ptr<PowerSwitch> make_box(const Options& options);

  [[nodiscard]] unsigned ports() const { return box_->ports(); }
  /// Whether this half sees what is at `port`, from 1.
  [[nodiscard]] bool powered(unsigned port) const { return power_[port - 1]; }
  [[nodiscard]] bool vbus(unsigned port) const { return box_->vbus(port); }
  /// What is plugged into `port`, with power or without; empty: nothing.
  void set_connected(unsigned port, std::optional<Speed> device) { connected_[port - 1] = device; }
  /// Called when a port's power was switched, within attempt().
  void on_switched(std::function<void()> handler) { switched_ = std::move(handler); }

 protected:
  bool on_control(const Setup& setup, Bytes& data) override;
  void on_power(bool powered) override;

 private:
  [[nodiscard]] bool is_super() const { return description().speed == Speed::super; }
  [[nodiscard]] Bytes hub_descriptor() const;
  [[nodiscard]] Bytes port_status(unsigned port) const;
  void set_port_power(unsigned port, bool on);

  std::shared_ptr<PowerSwitch> box_;
  std::size_t half_;
  bool stuck_;
  std::vector<bool> power_;
  std::vector<std::optional<Speed>> connected_;
  std::function<void()> switched_;
};

/// The hub that every bus begins with, as Linux shows it.
std::unique_ptr<Hub> make_root_hub(Speed speed);

}  // namespace hilltop::usb_lab
