// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "jobs/action/job_run.hpp"

namespace hilltop::jobs {

/// The actions of a job. Each reports to the run's log and results, and ends with an error when the block failed; what
/// the failure means is noted as a fact (JobRun::fail), or follows from the error's blame. The block stays valid while
/// the action runs.

/// Fetches and unpacks the images into the job's folder.
Task<> deploy_tmpfs(std::shared_ptr<JobRun> run, const DeployTmpfs* block, ActionContext context);
/// Fetches what a boot loader will ask for into a folder of its own; the ramdisk gets the test shell's files.
Task<> deploy_tftp(std::shared_ptr<JobRun> run, const DeployTftp* block, ActionContext context);
/// Makes the test shell's files, for boards that fetch them when they have booted.
Task<> deploy_overlay(std::shared_ptr<JobRun> run, const DeployOverlay* block, ActionContext context);
/// Fetches and checks files that no board gets.
Task<> deploy_download(std::shared_ptr<JobRun> run, const DeployDownload* block, ActionContext context);
/// Fetches images and writes them to the board: by its flasher, or its card through its mux.
Task<> deploy_board(std::shared_ptr<JobRun> run, const DeployBoard* block, ActionContext context);
/// Flashes what was deployed, resets or powers the board, and waits for its prompts.
Task<> boot(std::shared_ptr<JobRun> run, const Boot* block, ActionContext context);
/// Watches the console for results (LAVA 3.5).
Task<> test_monitors(std::shared_ptr<JobRun> run, const TestMonitors* block, ActionContext context);
/// Types commands and judges the answers (LAVA 3.4).
Task<> test_interactive(std::shared_ptr<JobRun> run, const TestInteractive* block, ActionContext context);
/// Runs test definitions in the board's shell (LAVA 3.1 to 3.3).
Task<> test_shell(std::shared_ptr<JobRun> run, const TestDefinitions* block, ActionContext context);
/// Built-in power commands.
Task<> run_command(std::shared_ptr<JobRun> run, const CommandBlock* block, ActionContext context);

}  // namespace hilltop::jobs
