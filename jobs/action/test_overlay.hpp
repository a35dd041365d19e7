// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "jobs/action/job_run.hpp"
#include "jobs/testshell/overlay.hpp"

namespace hilltop::jobs {

/// Whether the job has a test shell in `name_space`, so that a deploy action there must deliver an overlay.
[[nodiscard]] bool needs_overlay(const JobDefinition& job, std::string_view name_space);

/// The overlay for all test shells of `name_space`: fetches their repositories and builds it when first asked, and
/// remembers it in the run. nullptr where there is no test shell.
/// Errors: job for a definition that is wrong, or a repository, branch, revision or path that is not there; denied
/// (job); infrastructure; timeout; canceled.
Task<std::shared_ptr<const testshell::Overlay>> overlay_for(std::shared_ptr<JobRun> run, std::string name_space,
                                                            Deadline deadline);

/// "/lava-42", or what the context's lava_test_results_dir says.
[[nodiscard]] std::string overlay_dir(const JobRun& run);

}  // namespace hilltop::jobs
