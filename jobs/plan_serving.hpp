// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "boards/inventory.hpp"
#include "jobs/definition/job_definition.hpp"

namespace hilltop::jobs {

/// What a job needs served to its board over the network, with the place in the job that says so.
struct ServingNeeds {
  std::optional<Place> tftp;  ///< deploy to: tftp
  std::optional<Place> http;  ///< boot transfer_overlay
};
[[nodiscard]] ServingNeeds serving_needs(const JobDefinition& job);

/// Whether a boot in `name_space` fetches the test shell's files (transfer_overlay), and there are any.
[[nodiscard]] bool fetches_overlay(const JobDefinition& job, std::string_view name_space);

/// Whether a deploy or boot in `name_space` brings the test shell's files to a board whose machine is its own.
[[nodiscard]] bool brings_overlay(const JobDefinition& job, std::string_view name_space);

/// Complains when the lab does not serve `board` what the job needs: with what is missing in the lab file.
void check_serving(const JobDefinition& job, const boards::BoardConfig& board, const boards::BootServerSettings& server,
                   Diagnostics& out);

}  // namespace hilltop::jobs
