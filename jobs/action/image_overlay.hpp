// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "jobs/action/job_run.hpp"

namespace hilltop::jobs {

/// An empty folder, whatever was there. Errors: io (infrastructure).
[[nodiscard]] Result<std::filesystem::path> empty_folder(const std::filesystem::path& folder);

/// Puts an image's overlays into it, in place: the job's own files, which are fetched, in their order, and the test
/// shell's. A sparse Android image becomes a raw one. `index` is the number of the first planned download.
/// Errors: those of fetch_into, overlay_of_tar and inject_overlay_ext4, with the image's label.
Task<> overlay_image(std::shared_ptr<JobRun> run, const DeployImage* image, std::filesystem::path file,
                     std::size_t index, ActionContext context);

}  // namespace hilltop::jobs
