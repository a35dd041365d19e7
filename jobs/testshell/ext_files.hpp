// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "drivers/core/task.hpp"
#include "jobs/testshell/overlay.hpp"

namespace hilltop::jobs::testshell {

/// Writes an overlay into the ext2/3/4 file system that begins `offset` bytes into a raw image, in place, with
/// e2fsprogs' debugfs: files that are there are replaced, folders above them are made, and symbolic links to folders in
/// the root (Debian's /lib) are followed. The newest file is read back. `scratch` is an empty folder of the caller's.
/// Errors: not_found (job) when there is no such file system; bad_input (job) when it is full, or has something else in
/// the place of a file; denied (job) for a name or target with a line end; not_found (configuration) without the tool;
/// io, mismatch, timeout (infrastructure).
Task<> write_to_ext(std::shared_ptr<const Overlay> overlay, std::filesystem::path image, std::uint64_t offset,
                    std::filesystem::path scratch, Deadline deadline);

}  // namespace hilltop::jobs::testshell
