// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

#include "drivers/core/deadline.hpp"
#include "drivers/core/result.hpp"
#include "jobs/definition/job_definition.hpp"

namespace hilltop::jobs {

/// How far unpacking may go: a small file must not fill the worker's disk.
struct UnpackLimits {
  std::uint64_t bytes = 16ULL << 30;
  std::size_t files = 100'000;
};

/// Writes what is in the compressed file `from` to the file `to`. Blocks: call it on a lane.
/// Errors: bad_input (job) when it is not compressed in the way that was said, is damaged or too large; io
/// (infrastructure); timeout (infrastructure).
[[nodiscard]] Result<> decompress(const std::filesystem::path& from, Compression compression,
                                  const std::filesystem::path& to, UnpackLimits limits, Deadline deadline);

/// Unpacks a tar file (compressed or not) into the folder `to`, which is made. Value: how many regular files it held.
/// A member whose path or link would lead out of `to` is an error, and so is a device; nothing is written outside.
/// Errors: as above, and denied (job) for such a member.
[[nodiscard]] Result<std::size_t> unpack_tar(const std::filesystem::path& from, Compression compression,
                                             const std::filesystem::path& to, UnpackLimits limits, Deadline deadline);

}  // namespace hilltop::jobs
