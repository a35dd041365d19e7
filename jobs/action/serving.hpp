// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "jobs/action/job_run.hpp"

namespace hilltop::jobs {

/// Makes what was deployed reachable for the board before it starts: an emulated board is lent its TFTP folder, drives
/// and the way to the test shell's files; a real one is served by the lab's boot server, at the board's own address,
/// until the job's end. What the board then fetches is in the job's log.
/// Errors: those of BootFiles::lend and BootServer::serve; unsupported (configuration) where the lab serves nothing to
/// this board.
Task<> lend_files(std::shared_ptr<JobRun> run, ActionContext context);

/// Writes the test shell's files of a namespace as the tar file that its board will fetch; when first asked. Errors:
/// those of overlay_for and write_overlay_tar.
Task<> make_fetchable_overlay(std::shared_ptr<JobRun> run, std::string name_space, Deadline deadline);

/// Lets the booted system fetch and unpack the test shell's files, with the job's own commands. Its prompt was seen.
/// Errors: noted as facts, with what the board asked the boot server for.
Task<> transfer_overlay(std::shared_ptr<JobRun> run, const Boot* block, ActionContext context);

/// What boards reach the lab's files by: for {SERVER_IP}. "" where there is nothing.
[[nodiscard]] std::string server_address(const JobRun& run);

}  // namespace hilltop::jobs
