// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "jobs/plan.hpp"

namespace hilltop::jobs::planning {

/// Complains about what boards of `type` cannot do, and about blocks that lack what must come before them.
void check_against_type(const JobDefinition& job, const boards::BoardType& type, Diagnostics& out);

}  // namespace hilltop::jobs::planning
