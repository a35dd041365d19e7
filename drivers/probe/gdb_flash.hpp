// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "drivers/api/flasher.hpp"
#include "drivers/probe/gdb_client.hpp"
#include "drivers/protocol/image.hpp"

namespace hilltop::drivers {

/// Writes segments through a debug stub, in chunks. Errors: those of GdbClient. Cancel: between chunks.
Task<> write_segments(std::shared_ptr<GdbClient> gdb, std::vector<Segment> segments, FlashProgress progress,
                      Deadline deadline);

/// Writes images and reads them back. Errors: also mismatch (dut) with the first address that differs.
Task<> write_and_verify(std::shared_ptr<GdbClient> gdb, std::vector<Image> images, FlashProgress progress,
                        Deadline deadline);

}  // namespace hilltop::drivers
