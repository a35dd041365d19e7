// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "drivers/core/fields.hpp"

namespace hilltop::drivers {

/// One step of a sequence: drives the modem lines (true: asserted, which is low at the converter's 3.3 V pins), then
/// waits.
struct ResetStep {
  std::optional<bool> dtr = {};
  std::optional<bool> rts = {};
  std::chrono::milliseconds wait{0};
  bool operator==(const ResetStep&) const = default;
};
using ResetSequence = std::vector<ResetStep>;

/// Reads `reset_sequence:`: the name of a usual one, or a list of steps:
///   reset_sequence: esp32          # EN at RTS, IO0 at DTR through the usual two transistors: runs its program
///   reset_sequence: esp32-boot     # the same wires: into the ROM's boot loader
///   reset_sequence: stm32          # NRST at DTR, BOOT0 at RTS, no transistors: runs its program
///   reset_sequence: stm32-boot     # the same wires: into the system's boot loader
///   reset_sequence: arduino        # NRST at DTR through a capacitor
///   reset_sequence: [{dtr: on, wait_ms: 100}, {dtr: off}]
/// Sources: esptool, "Boot Mode Selection" (classic reset); ST AN2606, table 1 (BOOT0 high: system memory), the wires
/// are stm32flash's `-i`; Arduino's bootloader: a falling edge of DTR.
ResetSequence read_reset_sequence(Fields& fields, Diagnostics& diagnostics);

}  // namespace hilltop::drivers
