// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "controller/farm_state.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::controller {
namespace {

constexpr std::size_t ended_leases_loaded = 200;

jobs::Outcome interrupted(const JobRecord& job) {
  jobs::Outcome out;
  if (job.view.state == JobState::canceling) {
    out.verdict = jobs::Verdict::canceled;
    out.blame = Blame::canceled;
    out.reason = "canceled; the controller was restarted meanwhile";
    return out;
  }
  out.blame = Blame::infrastructure;
  out.reason = "controller restarted";
  return out;
}

void restore_health(FarmState& farm, const std::vector<BoardRecord>& stored) {
  for (const auto& record : stored) {
    const auto found = farm.boards.find(record.name);
    if (found == farm.boards.end()) continue;
    found->second.view.health = record.health;
    found->second.view.health_reason = record.health_reason;
  }
}

/// A lease of a person goes on where its board is still there and its time is not over.
void restore_lease(FarmState& farm, const LeaseView& lease, Changes& changes) {
  farm.leases[lease.id] = lease;
  if (lease.state == LeaseState::waiting) return farm.scheduler.add(request_of(farm, lease));
  const auto board = farm.boards.find(lease.board);
  if (board == farm.boards.end() || lease.ends <= utc_now())
    return end_lease(farm, lease.id, board == farm.boards.end() ? "the board has left the lab" : "expired", changes);
  board->second.view.lease = lease.id;
  board->second.view.holder = lease.owner;
  farm.lease_ends.emplace(lease.ends, lease.id);
  refresh_board(farm, board->second, changes);
}

/// Cases were stored as they came; the job's row has their number only when it has finished.
Task<> count_cases(FarmRef farm, std::uint64_t id) {
  HILLTOP_CO_TRY(const auto cases, co_await farm->store->cases(id));
  auto& job = farm->jobs.at(id);
  job.reported = cases.size();
  for (const auto& one : cases) count_case(job.record.view, one);
  co_return ok();
}

Task<> end_interrupted(FarmRef farm, JobRecord job) {
  const auto id = job.view.id;
  auto outcome = interrupted(job);
  // Its own failure_retry alone decides: the lab did not fail, hilltop did, and a job may not be harmless twice.
  outcome.retry = job.view.attempt < job.max_attempts;
  if (auto repaired = farm->logs.repair(id); !repaired) log::warn("job {}: {}", id, repaired.error().text);
  farm->jobs[id].record = std::move(job);
  HILLTOP_CO_CHECK(co_await count_cases(farm, id));
  finish_job(*farm, id, std::move(outcome));
  co_return ok();
}

void requeue(FarmState& farm, JobRecord job, const std::map<std::uint64_t, LeaseView>& leases, Changes& changes) {
  const auto lease = job.view.lease ? leases.find(*job.view.lease) : leases.end();
  if (lease != leases.end()) return enqueue_job(farm, std::move(job), lease->second);
  const auto fresh = lease_for(farm, job);
  changes.emplace_back(PutLease{fresh});
  changes.emplace_back(UpdateJob{job});
  enqueue_job(farm, std::move(job), fresh);
}

}  // namespace

Task<> recover(FarmRef farm) {
  HILLTOP_CO_TRY(auto stored, farm->store->load());
  farm->last_job = stored.last_job;
  farm->last_lease = stored.last_lease;
  farm->last_event = stored.last_event;
  farm->last_token = stored.last_token;
  for (auto& token : stored.tokens) farm->tokens.add(std::move(token));
  for (const auto& member : stored.memberships) farm->tokens.add_member(member.user, member.group);
  HILLTOP_CO_TRY(auto ended, co_await farm->store->ended_leases(ended_leases_loaded));
  farm->ended_leases.assign(ended.begin(), ended.end());
  Changes changes;
  merge_boards(*farm, changes);
  restore_health(*farm, stored.boards);
  for (auto& [name, board] : farm->boards) refresh_board(*farm, board, changes);
  std::map<std::uint64_t, LeaseView> of_jobs;
  for (const auto& lease : stored.open_leases) {
    if (lease.job)
      of_jobs[lease.id] = lease;
    else
      restore_lease(*farm, lease, changes);
  }
  for (auto& job : stored.open_jobs) {
    if (job.view.state == JobState::submitted) {
      requeue(*farm, std::move(job), of_jobs, changes);
      continue;
    }
    if (job.view.lease && of_jobs.contains(*job.view.lease))
      farm->leases[*job.view.lease] = of_jobs.at(*job.view.lease);
    log::info("job {} ran when the daemon ended: incomplete", job.view.id);
    HILLTOP_CO_CHECK(co_await end_interrupted(farm, std::move(job)));
  }
  co_return co_await save_and_wait(farm, std::move(changes));
}

}  // namespace hilltop::controller
