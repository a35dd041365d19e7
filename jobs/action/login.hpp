// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "jobs/action/job_run.hpp"

namespace hilltop::jobs {

/// Waits until a booting board is where the job wants it: logs in when the job says how, and waits for one of the
/// prompts. The login prompt must really be seen; nothing is typed to provoke it. Moves the run's cursor. Errors: dut
/// (bytes were seen) or infrastructure (silence) when it does not get there; noted as facts.
Task<> reach_prompt(std::shared_ptr<JobRun> run, const Boot* block, Deadline deadline);

}  // namespace hilltop::jobs
