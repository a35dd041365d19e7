// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "drivers/core/deadline.hpp"
#include "drivers/core/result.hpp"
#include "jobs/action/legacy_image.hpp"
#include "jobs/definition/job_definition.hpp"
#include "jobs/testshell/overlay.hpp"

namespace hilltop::jobs {

/// A ramdisk on its way to a board.
struct Ramdisk {
  std::filesystem::path file;                           ///< as it was fetched; changed in place
  Compression compression = Compression::none;          ///< that it still has; none: not known, or taken off
  std::filesystem::path modules;                        ///< a tar file; "": none
  Compression modules_compression = Compression::none;  ///< of that
  std::shared_ptr<const testshell::Overlay> overlay;    ///< nullptr: none
  bool header = false;                                  ///< the board gets it with U-Boot's legacy image header
  LegacyArch arch = LegacyArch::arm;                    ///< that the header names
};

/// The compression with which a ramdisk may go to a board as it is: a kernel unpacks it, and what is added to it comes
/// behind. none: it is to be unpacked when it is fetched, or is not compressed.
[[nodiscard]] Compression kept_compression(const UrlSpec& url);

/// Makes the ramdisk as the board gets it: U-Boot's header off, modules and test shell added as further cpio archives
/// behind what is there (it is not unpacked), and the header on again. A ramdisk that had a header keeps one.
/// Value: what was done, a line each. Blocks: call it on a lane.
/// Errors: bad_input (job) for a ramdisk that is not compressed as was said, or no initramfs when something is added;
/// those of overlay_of_tar; io, timeout (infrastructure).
[[nodiscard]] Result<std::vector<std::string>> make_ramdisk(const Ramdisk& ramdisk, Deadline deadline);

}  // namespace hilltop::jobs
