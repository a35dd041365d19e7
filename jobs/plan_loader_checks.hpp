// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>

#include "jobs/plan.hpp"

namespace hilltop::jobs::planning {

/// What of `context` reaches a boot loader: bootloader_prompt, booti_kernel_addr and the like.
[[nodiscard]] const std::set<std::string, std::less<>>& loader_context_keys();
void check_loader_context(const JobDefinition& job, const std::string& key, const Place& place, Diagnostics& out);

/// Complains about a boot whose loader boards of `type` do not have, and about lines that need what was not deployed.
/// `served` is what the namespace deployed by tftp, or nullptr.
void check_loader(const JobDefinition& job, const Boot& boot, const DeployTftp* served, const boards::BoardType& type,
                  Diagnostics& out);

}  // namespace hilltop::jobs::planning
