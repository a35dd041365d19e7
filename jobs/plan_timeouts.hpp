// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "jobs/plan.hpp"

namespace hilltop::jobs::planning {

/// What a time-out is looked up for.
struct TimeoutQuery {
  const JobDefinition& job;
  const boards::BoardType& type;
  const BlockCommon* block = nullptr;     ///< the action block that it is part of
  const PlannedAction* parent = nullptr;  ///< the action that it is a child of
  std::string name;                       ///< LAVA's action name
};

/// LAVA's precedence, low to high: default (30 s), job timeouts.action, board type, action block `timeout`, the
/// parent's share of one attempt (when it has several), job timeouts.actions[name], action block timeouts[name]. Never
/// more than the parent has for one attempt (in LAVA a named one may take the time of later attempts), nor than the
/// job.
[[nodiscard]] EffectiveTimeout action_timeout(const TimeoutQuery& query);
/// Low to high: default (30 s), job timeouts.connection, board type, job timeouts.connections[name].
[[nodiscard]] EffectiveTimeout connection_timeout(const TimeoutQuery& query);
/// Of `finalize` and its children: the board type's or the default. A job cannot shorten how a board is cleaned.
[[nodiscard]] EffectiveTimeout cleanup_timeout(const boards::BoardType& type, const std::string& name);

/// Warns of time-outs for actions that the plan does not have.
void warn_of_unused(const JobDefinition& job, const Plan& plan, Diagnostics& out);

}  // namespace hilltop::jobs::planning
