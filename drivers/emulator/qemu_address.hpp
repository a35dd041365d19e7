// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "drivers/core/node.hpp"
#include "drivers/protocol/image.hpp"

namespace hilltop::drivers {

/// An address of driver `qemu`:
///   driver: qemu
///   system: arm                  # qemu-system-arm
///   machine: microbit            # -M
///   cpu: cortex-m3               # -cpu; optional
///   memory: 16M                  # -m; optional
///   memories:                    # what may be flashed; optional
///     - {name: flash, start: 0x0, size: 256K, kind: flash}         # flash, ram, or
///       - {name: uicr, start: 0x10001000, size: 1K, kind: absent}  # absent: QEMU has it not, images may have bytes
///       for it
///   boot_image: firmware.hex     # what the board was delivered with (.hex or .elf); optional
///   extra_args: []               # further arguments for QEMU; optional
///   configurable: true           # each job chooses the machine: then `system` and `machine` are left out
struct QemuAddress {
  std::string system;
  std::string machine;
  std::string cpu;
  std::string memory;
  std::vector<MemoryRange> memories;
  std::filesystem::path boot_image;
  std::vector<std::string> extra_args;
  bool configurable = false;
};

/// Complains about everything that is wrong with `address`.
void check_qemu_address(const Node& address, Diagnostics& diagnostics);

/// Reads a checked address.
[[nodiscard]] QemuAddress read_qemu_address(const Node& address);

}  // namespace hilltop::drivers
