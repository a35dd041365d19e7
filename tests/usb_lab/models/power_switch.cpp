// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/power_switch.hpp"

#include <algorithm>
#include <string>

namespace hilltop::usb_lab {

std::size_t PowerSwitch::add_hub() {
  wanted_.emplace_back(ports_, true);
  return wanted_.size() - 1;
}

bool PowerSwitch::any_hub_powers(unsigned port) const {
  return std::ranges::any_of(wanted_, [port](const auto& hub) { return hub[port - 1]; });
}

bool PowerSwitch::vbus(unsigned port) const {
  if (kind_ == Kind::per_port) return any_hub_powers(port);
  if (kind_ != Kind::ganged) return true;
  for (unsigned other = 1; other <= ports_; ++other)
    if (any_hub_powers(other)) return true;
  return false;
}

void PowerSwitch::set(std::size_t hub, unsigned port, bool on) {
  std::vector<bool> before;
  for (unsigned other = 1; other <= ports_; ++other) before.push_back(vbus(other));
  wanted_[hub][port - 1] = on;
  for (unsigned other = 1; other <= ports_; ++other)
    if (vbus(other) != before[other - 1]) log_.put("vbus " + std::to_string(other) + (vbus(other) ? " on" : " off"));
}

}  // namespace hilltop::usb_lab
