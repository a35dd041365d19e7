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
extern const DriverInfo usb_hub_port;   ///< drivers/power/usb_hub_port.cpp
extern const DriverInfo ykush;          ///< drivers/power/ykush.cpp
extern const DriverInfo hid_relay;      ///< drivers/power/hid_relay.cpp
extern const DriverInfo sispm;          ///< drivers/power/sispm.cpp
extern const DriverInfo ftdi_relay;     ///< drivers/power/ftdi_relay.cpp
extern const DriverInfo lcus_relay;     ///< drivers/power/serial_relay.cpp
extern const DriverInfo numato_relay;   ///< drivers/power/serial_relay.cpp
extern const DriverInfo gpio;           ///< drivers/power/gpio.cpp
extern const DriverInfo gpio_sysfs;     ///< drivers/power/gpio.cpp
extern const DriverInfo command_flash;  ///< drivers/flash/command.cpp
extern const DriverInfo tool_flash;     ///< drivers/flash/tool_flash.cpp
extern const DriverInfo gdbstub_probe;  ///< drivers/probe/gdbstub.cpp
extern const DriverInfo openocd_probe;  ///< drivers/probe/openocd.cpp
extern const DriverInfo cmsis_dap_probe;  ///< drivers/probe/cmsis_dap.cpp
extern const DriverInfo dfu_flash;      ///< drivers/flash/dfu.cpp
extern const DriverInfo daplink;        ///< drivers/flash/daplink.cpp
extern const DriverInfo uf2;            ///< drivers/flash/uf2.cpp
extern const DriverInfo v2m_storage;    ///< drivers/flash/v2m_storage.cpp
extern const DriverInfo sdwire;         ///< drivers/storage/sdwire.cpp
extern const DriverInfo sdwire3;        ///< drivers/storage/sdwire3.cpp
extern const DriverInfo usb_sd_mux;     ///< drivers/storage/usb_sd_mux.cpp
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
    &usb_hub_port,
    &ykush,
    &hid_relay,
    &sispm,
    &ftdi_relay,
    &lcus_relay,
    &numato_relay,
    &gpio,
    &gpio_sysfs,
    &power_unit,
    &pdudaemon,
    &command_flash,
    &tool_flash,
    &cmsis_dap_probe,
    &openocd_probe,
    &gdbstub_probe,
    &dfu_flash,
    &daplink,
    &uf2,
    &v2m_storage,
    &sdwire,
    &sdwire3,
    &usb_sd_mux,
});

}  // namespace hilltop::drivers
