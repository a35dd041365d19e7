// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "drivers/core/driver_info.hpp"

/// The drivers that hilltop has, by hand: no driver registers itself. Only controller/bin and tests include this.
namespace hilltop::drivers {

extern const DriverInfo qemu;             ///< drivers/emulator/qemu_device.cpp
extern const DriverInfo replay;           ///< drivers/fake/replay_device.cpp
extern const DriverInfo tty;              ///< drivers/serial/tty.cpp
extern const DriverInfo ssh;              ///< drivers/serial/ssh.cpp
extern const DriverInfo pty_console;      ///< drivers/serial/tty.cpp
extern const DriverInfo process_console;  ///< drivers/serial/process.cpp
extern const DriverInfo tcp_console;      ///< drivers/net/consoles.cpp, as those below
extern const DriverInfo unix_console;
extern const DriverInfo telnet_console;
extern const DriverInfo rfc2217_console;
extern const DriverInfo rtt_console;
extern const DriverInfo command_power;  ///< drivers/power/command.cpp
extern const DriverInfo command_flash;  ///< drivers/flash/command.cpp
extern const DriverInfo cmsis_dap_probe;  ///< drivers/probe/cmsis_dap.cpp
extern const DriverInfo dfu_flash;      ///< drivers/flash/dfu.cpp
extern const DriverInfo power_unit;     ///< drivers/power/unit/power_unit.cpp, as the one below
extern const DriverInfo pdudaemon;

// One a line: a new driver is a line here.
inline constexpr auto all_drivers = std::to_array<const DriverInfo*>({
    &qemu,
    &replay,
    &tty,
    &pty_console,
    &ssh,
    &process_console,
    &tcp_console,
    &unix_console,
    &telnet_console,
    &rfc2217_console,
    &rtt_console,
    &command_power,
    &power_unit,
    &pdudaemon,
    &command_flash,
    &cmsis_dap_probe,
    &dfu_flash,
});

}  // namespace hilltop::drivers
