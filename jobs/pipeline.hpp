// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "boards/board_session.hpp"
#include "drivers/api/boot_server.hpp"
#include "jobs/plan.hpp"
#include "jobs/ports.hpp"
#include "jobs/results.hpp"

namespace hilltop::jobs {

/// What a pipeline works with. Everything outlives the run.
struct PipelineInput {
  std::uint64_t job_id = 0;
  std::shared_ptr<const JobDefinition> definition;
  std::shared_ptr<const Plan> plan;
  std::shared_ptr<boards::BoardSession> board;
  ArtifactSource* artifacts = nullptr;
  drivers::BootServer* boot_server = nullptr;  ///< serves files to boards over the network; nullptr: nothing does
  ResultSink* sink = nullptr;
  /// Lets whatever else reads the board's consoles take dictionary logs apart by the database in `file`, which it copies,
  /// until the lease ends. `mode` as LogDictionary has it. None: only the job's log does.
  std::function<Task<>(std::filesystem::path file, std::string mode)> use_dictionary;
  std::filesystem::path job_dir;   ///< empty folder of the job's own; the caller deletes it
};

/// Runs a plan to its outcome: never an error, for every failure is an Outcome (DESIGN.md 5). Afterwards the board is
/// powered off and clean, or the outcome says that it is suspect and why.
/// Cancel: what runs is ended, the board is cleaned, and the outcome is `canceled`.
/// Thread: the worker's.
asio::awaitable<Outcome> run_pipeline(PipelineInput input);

}  // namespace hilltop::jobs
