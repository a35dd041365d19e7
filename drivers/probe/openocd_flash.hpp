// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "drivers/api/flasher.hpp"
#include "drivers/probe/openocd_server.hpp"
#include "drivers/protocol/image.hpp"

namespace hilltop::drivers {

/// What is erased, written and verified in one go: segments with small gaps are joined, the gaps filled as erased flash
/// is, so that no program unit is written twice. Sorted.
[[nodiscard]] std::vector<Segment> flash_stretches(const std::vector<Image>& images);

/// Writes images through OpenOCD with progress, verifies them, and lets the board run from its reset.
/// `dir`: for files of OpenOCD's. Errors: bad_input (job) for bytes outside of the flash banks (nothing is touched);
/// mismatch (dut) when the verification says so; those of OpenOcdServer. Cancel: between pieces of 16 KiB.
Task<> openocd_flash(std::shared_ptr<OpenOcdServer> server, std::filesystem::path dir, std::vector<FlashImage> images,
                     FlashProgress progress, Deadline deadline);

}  // namespace hilltop::drivers
