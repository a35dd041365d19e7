// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "jobs/action/boot_watch.hpp"

namespace hilltop::jobs {

/// Waits until a booting board is where the job wants it: logs in when the job says how, and waits for one of the
/// prompts. The login prompt must really be seen; nothing is typed to provoke it. Moves the run's cursor. Errors: dut
/// (bytes were seen) or infrastructure (silence) when it does not get there; noted as facts. With a watch it ends
/// early when the boot has failed, with what the watch found.
Task<> reach_prompt(std::shared_ptr<JobRun> run, const Boot* block, std::shared_ptr<BootWatch> watch,
                    Deadline deadline);

}  // namespace hilltop::jobs
