// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "drivers/api/flasher.hpp"
#include "drivers/emulator/gdb_client.hpp"
#include "drivers/protocol/image.hpp"

namespace hilltop::drivers {

/// Reads all files before anything is touched. Errors: not_found, bad_input (job) with the file's name.
Result<std::vector<Image>> read_images(const std::vector<FlashImage>& images);

/// Writes segments through a debug stub, in chunks. Errors: those of GdbClient. Cancel: between chunks.
Task<> write_segments(std::shared_ptr<GdbClient> gdb, std::vector<Segment> segments, FlashProgress progress,
                      Deadline deadline);

/// Writes images and reads them back. Errors: also mismatch (dut) with the first address that differs.
Task<> write_and_verify(std::shared_ptr<GdbClient> gdb, std::vector<Image> images, FlashProgress progress,
                        Deadline deadline);

}  // namespace hilltop::drivers
