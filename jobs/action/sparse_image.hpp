// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "drivers/core/deadline.hpp"
#include "drivers/core/result.hpp"

namespace hilltop::jobs {

/// Turns a sparse image, as Android's tools make them for fastboot, into the raw image that it stands for, in place;
/// what it leaves out becomes a hole. Value: whether it was one. Blocks: call it on a lane.
/// Errors: bad_input (job) for a damaged one, or one that stands for more than `most_bytes`; io, timeout
/// (infrastructure). Source: Android platform/system/core, libsparse/sparse_format.h (version 1).
[[nodiscard]] Result<bool> expand_sparse_image(const std::filesystem::path& file, Deadline deadline,
                                               std::uint64_t most_bytes = 64ULL << 30);

}  // namespace hilltop::jobs
