// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "jobs/action/job_run.hpp"

namespace hilltop::jobs {

/// Writes deployed images to the board by its flasher, as the planned action `flash-device`, with its progress in the
/// job's log. Errors: bad_input (job) for a format that the board does not take, or images that overlap; those of
/// BoardSession::flash().
Task<> flash_board(std::shared_ptr<JobRun> run, std::vector<DeployedImage> images, ActionContext context);

/// Logs each further ten per cent: "flashed 20 % of 4096 bytes".
std::function<void(std::uint64_t done, std::uint64_t total)> progress_log(std::shared_ptr<JobRun> run,
                                                                          std::string verb);

/// "x86_app" of "--alt x86_app --download {app}": which of a DFU board's parts takes an image; "" where it is not said.
[[nodiscard]] std::string dfu_part(const std::string& image_arg);

/// Method recovery: into the board's recovery mode or out of it, and a new start.
Task<> boot_recovery(std::shared_ptr<JobRun> run, const Boot* block, ActionContext context);

}  // namespace hilltop::jobs
