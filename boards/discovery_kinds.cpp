// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string_view>

#include "boards/discovery.hpp"

namespace hilltop::boards {
namespace {

/// Devices that labs have, by their ids.
struct Known {
  std::uint16_t vendor, product;  ///< product 0: any
  std::string_view name;          ///< what the product string must contain; "": anything
  std::string_view kind;
};

constexpr std::uint16_t any = 0;

// Source of each: the project named behind it.
constexpr auto known_devices = std::to_array<Known>({
    {0x04d8, 0xf2f7, "", "switchable hub (YKUSH)"},   // Yepkit ykush, ykush.h
    {0x04d8, 0xf11b, "", "switchable hub (YKUSH3)"},  // the same
    {0x04d8, 0xf0cd, "", "USB switch (YKUSH XS)"},    // the same
    {0x16c0, 0x05df, "USBRelay", "relay (HID)"},      // usbrelay, libusbrelay.c
    {0x5131, 0x2007, "", "relay (HID)"},              // usbrelay
    {0x0519, 0x2018, "", "relay (HID)"},              // usbrelay
    {0x04b4, 0xfd10, "", "power strip (SiS-PM)"},     // sispmctl, sispm_ctl.h, as those below
    {0x04b4, 0xfd11, "", "power strip (SiS-PM)"},
    {0x04b4, 0xfd12, "", "power strip (SiS-PM)"},
    {0x04b4, 0xfd13, "", "power strip (SiS-PM)"},
    {0x04b4, 0xfd15, "", "power strip (SiS-PM)"},
    {0x2a19, any, "", "relay (Numato)"},               // pdudaemon, numatousb
    {0x04d8, 0xffee, "", "relay (Devantech)"},         // pdudaemon, devantechusb
    {0x0d50, 0x0008, "", "switch (Cleware)"},          // pdudaemon, cleware
    {0x04e8, 0x6001, "sd-wire", "SD mux (SDWire)"},    // sd-mux, sdwire
    {0x0bda, 0x0316, "", "SD mux (SDWire3)"},          // sdwire-cli
    {0x0424, 0x4041, "", "SD mux (USB-SD-Mux)"},       // usbsdmux
    {0x33f7, 0x0001, "", "USB mux (LXA)"},             // usbmuxctl
    {0x1366, any, "", "debug probe (J-Link)"},         // libjaylink, discovery_usb.c
    {0x0483, 0x3748, "", "debug probe (ST-Link/V2)"},  // OpenOCD, stlink_usb.c, as those below
    {0x0483, 0x374a, "", "debug probe (ST-Link/V2-1)"},
    {0x0483, 0x374b, "", "debug probe (ST-Link/V2-1)"},
    {0x0483, 0x3752, "", "debug probe (ST-Link/V2-1)"},
    {0x0483, 0x374e, "", "debug probe (STLINK-V3)"},
    {0x0483, 0x374f, "", "debug probe (STLINK-V3)"},
    {0x0483, 0x3753, "", "debug probe (STLINK-V3)"},
    {0x0483, 0x3754, "", "debug probe (STLINK-V3)"},
    {0x1d50, 0x6018, "", "debug probe (Black Magic)"},    // blackmagic, 99-blackmagic.rules
    {0x0451, 0xbef3, "", "debug probe (XDS110)"},         // OpenOCD, xds110.c
    {0x1a86, 0x8010, "", "debug probe (WCH-Link)"},       // probe-rs, wlink
    {0x303a, 0x1001, "", "debug probe (ESP USB-JTAG)"},   // OpenOCD, esp_usb_jtag.c
    {0x0483, 0xdf11, "", "boot loader (STM32 DFU)"},      // ST AN2606
    {0x2e8a, 0x0003, "", "boot loader (RP2040)"},         // picotool, picoboot_connection.c
    {0x2e8a, 0x000f, "", "boot loader (RP2350)"},         // the same
    {0x1f3a, 0xefe8, "", "boot loader (Allwinner FEL)"},  // sunxi-tools, fel_lib.c
    {0x2207, any, "", "boot loader (Rockchip)"},          // rkdeveloptool
    {0x1b8e, 0xc003, "", "boot loader (Amlogic)"},        // pyamlboot
    {0x05c6, 0x9008, "", "boot loader (Qualcomm EDL)"},   // qdl
    {0x1fc9, any, "SE Blank", "boot loader (i.MX)"},      // uuu, libuuu/config.cpp
    {0x15a2, any, "SE Blank", "boot loader (i.MX)"},      // the same
});

bool fits(const Known& known, const drivers::HardwareDevice& device) {
  return known.vendor == device.vendor && (known.product == any || known.product == device.product) &&
         (known.name.empty() || device.name.find(known.name) != std::string::npos);
}

bool has_interface(const drivers::HardwareDevice& device, int device_class, int subclass) {
  return std::ranges::any_of(device.interfaces, [&](const auto& one) {
    return one.device_class == device_class && (subclass < 0 || one.subclass == subclass);
  });
}

/// "CMSIS-DAP" in the product's or an interface's name. Source: Arm CMSIS-DAP, "Firmware configuration", USB settings.
bool is_cmsis_dap(const drivers::HardwareDevice& device) {
  constexpr std::string_view mark = "CMSIS-DAP";
  return device.name.find(mark) != std::string::npos ||
         std::ranges::any_of(device.interfaces, [&](const auto& one) { return one.name.find(mark) != one.name.npos; });
}

/// Class codes. Source: USB-IF, "Defined Class Codes"; USB DFU 1.1, table 4.4.
constexpr int class_hub = 9, class_storage = 8, class_application = 0xfe, subclass_dfu = 1, class_vendor = 0xff,
              subclass_android = 0x42;

}  // namespace

std::string kind_of(const drivers::HardwareDevice& device) {
  const auto known = std::ranges::find_if(known_devices, [&](const auto& one) { return fits(one, device); });
  if (known != known_devices.end()) return std::string(known->kind);
  if (is_cmsis_dap(device)) return "debug probe (CMSIS-DAP)";
  if (device.device_class == class_hub) return "hub";
  if (has_interface(device, class_application, subclass_dfu)) return "DFU device";
  if (has_interface(device, class_vendor, subclass_android)) return "Android device (fastboot or adb)";
  const auto is_tty = [](const auto& node) { return node.kind == "tty"; };
  if (std::ranges::any_of(device.nodes, is_tty)) return "serial port";
  if (has_interface(device, class_storage, -1)) return "storage";
  return "";
}

}  // namespace hilltop::boards
