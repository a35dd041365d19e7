// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "drivers/api/flasher.hpp"

namespace hilltop::jobs {

/// Whether several images can be written together: no byte of one is in the place of another one's (secure and
/// non-secure image; boot loader, partition table and application). Found before anything is touched, whatever flashes
/// them. A file that cannot be read as what it begins as is left to the flasher, which knows more formats.
/// Blocks: call it on a lane. Errors: bad_input (job), naming both.
[[nodiscard]] Result<> images_apart(const std::vector<drivers::FlashImage>& images);

}  // namespace hilltop::jobs
