// SPDX-License-Identifier: Apache-2.0
#include "drivers/api/hardware.hpp"

#include <fmt/format.h>

namespace hilltop::drivers {

std::string HardwareDevice::id() const { return fmt::format("{:04x}:{:04x}", vendor, product); }

}  // namespace hilltop::drivers
