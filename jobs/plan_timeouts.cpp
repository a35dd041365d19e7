// SPDX-License-Identifier: Apache-2.0
#include "jobs/plan_timeouts.hpp"

#include <algorithm>

namespace hilltop::jobs::planning {
namespace {

/// LAVA's ACTION_TIMEOUT, and its default for connections. Source: reference of LAVA 2026.07, time-outs.
constexpr std::chrono::seconds default_timeout{30};

EffectiveTimeout written(const TimeoutSpec& spec, std::string where) {
  return {spec.value, std::move(where) + " (line " + std::to_string(spec.place.line) + ")", spec.skip};
}

const TimeoutSpec* entry(const std::map<std::string, TimeoutSpec>& all, const std::string& name) {
  const auto found = all.find(name);
  return found == all.end() ? nullptr : &found->second;
}

/// What a child can have at most.
EffectiveTimeout share_of(const PlannedAction& parent) {
  const bool several = parent.attempts * parent.repeat > 1;
  return {parent.attempt_budget, (several ? "one attempt of " + parent.name : "what " + parent.name + " has"),
          parent.timeout.skip};
}

EffectiveTimeout by_precedence(const TimeoutQuery& query) {
  const JobTimeouts& job = query.job.timeouts;
  if (query.block)
    if (const auto* named = entry(query.block->timeouts, query.name)) return written(*named, "action block timeouts");
  if (const auto* named = entry(job.actions, query.name)) return written(*named, "job timeouts.actions");
  if (query.parent && query.parent->attempts * query.parent->repeat > 1) return share_of(*query.parent);
  if (query.block && query.block->timeout) return written(*query.block->timeout, "action block");
  if (const auto device = query.type.action_timeouts.find(query.name); device != query.type.action_timeouts.end())
    return {device->second, "board type " + query.type.name, false};
  if (job.action) return written(*job.action, "job timeouts.action");
  return {default_timeout, "default", false};
}

void names_of(const PlannedAction& action, std::vector<std::string>& names) {
  names.push_back(action.name);
  for (const PlannedAction& child : action.children) names_of(child, names);
}

void warn_of_unused(const std::map<std::string, TimeoutSpec>& timeouts, const std::string& what,
                    const std::vector<std::string>& names, Diagnostics& out) {
  for (const auto& [name, spec] : timeouts)
    if (std::ranges::find(names, name) == names.end())
      out.warning(spec.place, what + " " + name + " has no effect: the plan has no such action", suggest(name, names));
}

}  // namespace

EffectiveTimeout action_timeout(const TimeoutQuery& query) {
  EffectiveTimeout own = by_precedence(query);
  if (query.parent && own.value > query.parent->attempt_budget) return share_of(*query.parent);
  const TimeoutSpec& job = query.job.timeouts.job;
  if (own.value > job.value) return written(job, "job timeouts.job");
  return own;
}

EffectiveTimeout connection_timeout(const TimeoutQuery& query) {
  const JobTimeouts& job = query.job.timeouts;
  if (const auto* named = entry(job.connections, query.name)) return written(*named, "job timeouts.connections");
  if (const auto device = query.type.connection_timeouts.find(query.name);
      device != query.type.connection_timeouts.end())
    return {device->second, "board type " + query.type.name, false};
  if (job.connection) return written(*job.connection, "job timeouts.connection");
  return {default_timeout, "default", false};
}

EffectiveTimeout cleanup_timeout(const boards::BoardType& type, const std::string& name) {
  if (const auto device = type.action_timeouts.find(name); device != type.action_timeouts.end())
    return {device->second, "board type " + type.name, false};
  return {default_timeout, "default", false};
}

void warn_of_unused(const JobDefinition& job, const Plan& plan, Diagnostics& out) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < job.actions.size(); ++i) {
    std::vector<std::string> own;
    names_of(plan.actions[i], own);
    warn_of_unused(common_of(job.actions[i]).timeouts, std::string(kind_of(job.actions[i])) + " timeouts", own, out);
    all.insert(all.end(), own.begin(), own.end());
  }
  warn_of_unused(job.timeouts.actions, "timeouts actions", all, out);
  warn_of_unused(job.timeouts.connections, "timeouts connections", all, out);
}

}  // namespace hilltop::jobs::planning
