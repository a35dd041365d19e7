// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "jobs/action/unpack.hpp"
#include "jobs/testshell/root_links.hpp"

/// Files of a job as an overlay, which goes into images in the same ways as the test shell's.
namespace hilltop::jobs {

/// The members of a tar file, to be laid below `below` ("/", "/usr"). Their contents are put into numbered files of
/// `scratch`, which is made: no name or link in the archive means anything on this machine. Folders above a member that
/// the archive does not name are not in the overlay. Blocks: call it on a lane.
/// Errors: those of unpack_tar; denied (job) for a member that would lie outside of the image, or is a device.
[[nodiscard]] Result<testshell::Overlay> overlay_of_tar(const std::filesystem::path& from, Compression compression,
                                                        const std::string& below, const std::filesystem::path& scratch,
                                                        UnpackLimits limits, Deadline deadline);
/// One file: at `path`, or below it under its own name when `path` ends with '/'. Errors: io (infrastructure).
[[nodiscard]] Result<testshell::Overlay> overlay_of_file(const std::filesystem::path& from, const std::string& path);

/// What is known of an initramfs (of its first archive).
struct RamdiskFacts {
  testshell::RootLinks links;
  std::set<std::string> folders;  ///< from the root, without a leading /
};
/// Reads it from end to end, unpacking nothing. Blocks. Errors: timeout (infrastructure); of what is no initramfs
/// nothing is known.
[[nodiscard]] Result<RamdiskFacts> read_ramdisk(const std::filesystem::path& ramdisk, Deadline deadline);
/// Makes the overlay one for that ramdisk: a kernel makes no missing folders, and lets a folder take a link's place.
void fit_to_ramdisk(testshell::Overlay& overlay, const RamdiskFacts& facts);

/// Adds the overlay to the end of an uncompressed tar file, in place: of two members of a name the last one counts.
/// Blocks. Errors: bad_input (job) for what is no tar file; io, timeout (infrastructure).
[[nodiscard]] Result<> append_overlay_tar(const testshell::Overlay& overlay, const std::filesystem::path& image,
                                          Deadline deadline);

}  // namespace hilltop::jobs
