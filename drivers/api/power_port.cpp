// SPDX-License-Identifier: Apache-2.0
#include "drivers/api/power_port.hpp"

namespace hilltop::drivers {

std::string_view to_string(PowerState state) noexcept {
  switch (state) {
    case PowerState::off:
      return "off";
    case PowerState::on:
      return "on";
    case PowerState::unknown:
      return "unknown";
  }
  return "unknown";
}

}  // namespace hilltop::drivers
