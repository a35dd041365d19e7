// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "controller/farm_state.hpp"

namespace hilltop::controller {

Result<> need(const Principal& who, Role role, std::string_view what) {
  if (who.role >= role) return ok();
  return Error(Errc::denied, Blame::job,
               fmt::format("{} needs role {}; {} is {}", what, to_string(role), who.user, to_string(who.role)));
}

bool may_see(const Principal& who, const JobView& job) {
  if (job.is_public || who.role == Role::admin || who.user == job.submitter) return true;
  const auto in_group = [&](const auto& group) { return std::ranges::find(who.groups, group) != who.groups.end(); };
  return !job.viewing_groups.empty() && std::ranges::all_of(job.viewing_groups, in_group);
}

Result<JobRecord> visible_job(FarmState& farm, const Principal& who, std::uint64_t id) {
  const auto open = farm.jobs.find(id);
  auto job = open != farm.jobs.end() ? Result<JobRecord>(open->second.record) : farm.store->job_now(id);
  // A private job does not even show that it is there.
  if (job && !may_see(who, job->view)) return Error(Errc::not_found, Blame::job, fmt::format("there is no job {}", id));
  return job;
}

}  // namespace hilltop::controller
