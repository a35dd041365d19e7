// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "drivers/core/driver_info.hpp"

/// The drivers that hilltop has, by hand: no driver registers itself. Only controller/bin and tests include this.
namespace hilltop::drivers {

extern const DriverInfo qemu;           ///< drivers/emulator/qemu_device.cpp
extern const DriverInfo replay;         ///< drivers/fake/replay_device.cpp
extern const DriverInfo tty;            ///< drivers/serial/tty.cpp
extern const DriverInfo command_power;  ///< drivers/power/command.cpp
extern const DriverInfo command_flash;  ///< drivers/flash/command.cpp

inline constexpr std::array<const DriverInfo*, 5> all_drivers{&qemu, &replay, &tty, &command_power, &command_flash};

}  // namespace hilltop::drivers
