// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/driver_info.hpp"

#include <array>

namespace hilltop::drivers {

std::string_view to_string(Verified verified) noexcept {
  constexpr std::array<std::string_view, 4> names = {"hardware", "independent tool", "specification", "unproven"};
  return names.at(static_cast<std::size_t>(verified));
}

const DriverInfo* find_driver(DriverTable table, std::string_view name) noexcept {
  for (const auto* info : table)
    if (info->name == name) return info;
  return nullptr;
}

}  // namespace hilltop::drivers
