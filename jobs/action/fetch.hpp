// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "jobs/action/job_run.hpp"

namespace hilltop::jobs {

/// An artifact's local path. A failure that is not the job's is remembered as one that says nothing about the board.
/// Errors: those of ArtifactSource::fetch.
Task<std::filesystem::path> fetch_artifact(std::shared_ptr<JobRun> run, UrlSpec spec, Deadline deadline);

/// Fetches a file, unpacks it as the job says, and puts it into `folder`, which is made: under the name that its URL
/// ends with, without the ending of its compression. It is a copy that may be written to. `index` is the number of the
/// planned download within the context's action.
/// Errors: those of ArtifactSource::fetch; bad_input (job) for a damaged file or an archive of not exactly one; io
/// (infrastructure).
Task<std::filesystem::path> fetch_into(std::shared_ptr<JobRun> run, const UrlSpec* spec, std::string label,
                                       std::size_t index, std::filesystem::path folder, ActionContext context);

/// A name for the folder of a namespace or label: no path, no surprise.
[[nodiscard]] std::string folder_name(const std::string& text);

}  // namespace hilltop::jobs
