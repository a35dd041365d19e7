// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "drivers/api/hardware.hpp"

namespace hilltop::drivers {

/// Where a kernel tells of its devices. Tests point it at a folder of their own.
struct HardwarePlaces {
  std::filesystem::path sys = "/sys";
  std::filesystem::path dev = "/dev";
};

/// What is plugged in, from sysfs: the kernel read each device's strings when it was plugged in, so that nothing is
/// opened and no device in use is disturbed. What leaves meanwhile is left out. Empty where there is no sysfs.
/// Thread: any; it reads small files only.
/// Source: Linux Documentation/ABI/stable/sysfs-bus-usb, Documentation/ABI/testing/sysfs-bus-usb.
[[nodiscard]] HardwareList list_hardware(const HardwarePlaces& places = {});

}  // namespace hilltop::drivers
