// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <memory>

#include "jobs/action/unpack.hpp"

namespace hilltop::jobs {

struct CloseArchive {
  void operator()(archive* a) const { archive_read_free(a); }
};
/// libarchive's reader of one file.
using ArchiveReader = std::unique_ptr<archive, CloseArchive>;

/// Opens `from` with exactly the filter that was named: libarchive would pass a file on that is not compressed at all.
/// Errors: bad_input (job), io (infrastructure).
[[nodiscard]] Result<ArchiveReader> open_archive(const std::filesystem::path& from, Compression compression,
                                                 int (*support_format)(archive*));
/// After the first header was read: whether that filter is in use. Errors: bad_input (job).
[[nodiscard]] Result<> check_filter(archive* a, Compression compression);

/// Copies the current member's bytes to `to`; `written` counts on. Errors: those of decompress().
[[nodiscard]] Result<> copy_member(archive* a, const std::filesystem::path& to, std::uint64_t& written,
                                   UnpackLimits limits, Deadline deadline);
/// What libarchive complains of, as the job's fault.
[[nodiscard]] Error damaged_archive(archive* a);

}  // namespace hilltop::jobs
