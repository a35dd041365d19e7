// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "drivers/core/task.hpp"
#include "jobs/testshell/overlay.hpp"

/// Ways to get an overlay into what a board boots. None of them mounts anything or needs privileges.
namespace hilltop::jobs::testshell {

/// Writes the overlay as a tar file (GNU format, owner root, time stamps 0) and gives `to`; unpacked in / it is in
/// place. Blocks: call it on a lane. Errors: io, timeout (infrastructure); unsupported (bug) for a compression that is
/// not in libarchive.
[[nodiscard]] Result<std::filesystem::path> write_overlay_tar(const Overlay& overlay, const std::filesystem::path& to,
                                                              Compression compression, Deadline deadline);

/// Copies the initramfs `from` to `to` with the overlay as a further cpio segment (newc) of its own behind it: the
/// kernel unpacks one after the other, so nothing is unpacked here. A ramdisk whose compression has no end of its own
/// (lz4, lzma, lzo) gets the segment in front. `segment` compresses the new segment (none, gz, zstd).
/// Blocks: call it on a lane. Errors: io, timeout (infrastructure); bad_input (job) when `from` is no initramfs:
/// neither cpio nor compressed (a legacy U-Boot header must be taken off before). Source: Linux
/// Documentation/driver-api/early-userspace/buffer-format.rst; init/initramfs.c.
[[nodiscard]] Result<> append_overlay_cpio(const Overlay& overlay, const std::filesystem::path& from,
                                           const std::filesystem::path& to, Compression segment, Deadline deadline);
/// The segment alone, uncompressed.
[[nodiscard]] Result<> write_overlay_cpio(const Overlay& overlay, const std::filesystem::path& to, Deadline deadline);

/// The offset in bytes of partition `number` (from 1) of a raw disk image, by its MBR or GPT; 0 for number 0 (the image
/// is a file system). Errors: not_found (job); bad_input (job) for a damaged table; io (infrastructure). Source:
/// drivers/protocol/partitions.hpp.
[[nodiscard]] Result<std::uint64_t> partition_offset(const std::filesystem::path& image, std::uint32_t number);

/// Writes the overlay into the ext2/3/4 file system at `offset` of the image, in place, with e2fsprogs' debugfs, and
/// reads back that all of it is there. A qcow2 image is converted to raw and back (qemu-img). `scratch` is an empty
/// folder of the caller's. Errors: bad_input (job) when there is no such file system, or no room in it; not_found
/// (configuration) without the tools; io, timeout (infrastructure).
Task<> inject_overlay_ext4(std::shared_ptr<const Overlay> overlay, std::filesystem::path image, std::uint32_t partition,
                           std::filesystem::path scratch, Deadline deadline);

/// Makes an ext2 image with the overlay in its root (`bin/`, `environment`, ...): a drive of its own, to be mounted on
/// Overlay::dir by its label, LAVA. Errors: as above.
Task<> make_overlay_drive(std::shared_ptr<const Overlay> overlay, std::filesystem::path image,
                          std::filesystem::path scratch, Deadline deadline);

}  // namespace hilltop::jobs::testshell
