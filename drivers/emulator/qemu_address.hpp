// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "drivers/core/node.hpp"
#include "drivers/emulator/qemu_drive.hpp"
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
///   bios: u-boot.bin             # firmware that the machine starts from; optional
///   kernel: u-boot.bin           # what that firmware hands over to (OpenSBI's payload); optional
///   network: {mode: user, card: virtio-net-pci}  # cut off from the host but for what a job lends; optional.
///                                # card: virtio-net-pci, virtio-net-device, e1000, or onboard: the machine's own
///   drives:                      # by name; optional
///     vars: {interface: pflash, unit: 1, template: AAVMF_VARS.fd, keep: lease}
///     sd: {interface: sd, template: card.img, keep: power-on}
///     disk: {interface: virtio}  # no template: there when a job lends an image
///       # interface: pflash, sd, virtio, virtio-mmio; keep: what the board writes lasts until power-on, lease or
///       always; # readonly: yes; size: 64M, what the machine insists on
///   Files are seen from the folder of the text that names them.
///   extra_args: []               # further arguments for QEMU; optional
///   configurable: true           # each job chooses the machine: then `system` and `machine` are left out
struct QemuAddress {
  std::string system;
  std::string machine;
  std::string cpu;
  std::string memory;
  std::vector<MemoryRange> memories;
  std::filesystem::path boot_image;
  std::filesystem::path bios;
  std::filesystem::path kernel;
  std::string network_card;  ///< "": no network
  std::vector<QemuDrive> drives;
  std::vector<std::string> extra_args;
  bool configurable = false;
};

/// Complains about everything that is wrong with `address`.
void check_qemu_address(const Node& address, Diagnostics& diagnostics);

/// Reads a checked address.
[[nodiscard]] QemuAddress read_qemu_address(const Node& address);

}  // namespace hilltop::drivers
