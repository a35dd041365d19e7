// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "jobs/action/boot_watch.hpp"
#include "jobs/action/job_run.hpp"

namespace hilltop::jobs {

/// Where a boot stands after its loader.
enum class AfterLoader : std::uint8_t {
  system_starts,  ///< the last line was typed: what was deployed takes over
  at_prompt,      ///< one of the job's prompts was seen already: the job wants the loader's own command line
  refused         ///< the loader said what `expect: refused` waits for
};

/// Stops the automatic boot, and types the lines of the boot's script, each at the loader's prompt.
/// Errors: infrastructure, when the loader complains of a line (LAVA's error-messages); dut or infrastructure, when its
/// prompt does not come; those of expect_booting. All but the last are noted as facts.
Task<AfterLoader> drive_loader(std::shared_ptr<JobRun> run, const Boot* block, std::shared_ptr<BootWatch> watch,
                               ActionContext context);

/// Waits until the board says one of the block's `refused` patterns, and makes sure that nothing starts after it.
/// `seen`: it has been said already. Reports the case `boot/refused`. Errors: dut, noted as facts.
Task<> await_refusal(std::shared_ptr<JobRun> run, const Boot* block, std::shared_ptr<BootWatch> watch, bool seen,
                     ActionContext context);

/// Loads and starts another kernel from the running system.
Task<> start_by_kexec(std::shared_ptr<JobRun> run, const Boot* block, ActionContext context);

/// Mounts the drive with the test shell's files, where deploy made one. The prompt is awaited.
Task<> mount_overlay_drive(std::shared_ptr<JobRun> run, const Boot* block, ActionContext context);

/// Types the job's soft_reboot lines at the running system's prompt, and waits for its shutdown-message.
Task<> reboot_softly(std::shared_ptr<JobRun> run, const Boot* block, ActionContext context);

}  // namespace hilltop::jobs
