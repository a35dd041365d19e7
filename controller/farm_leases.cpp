// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "controller/farm_state.hpp"

namespace hilltop::controller {
namespace {

constexpr std::size_t ended_leases_kept = 200;
constexpr auto longest_lease = std::chrono::hours(24 * 31);
/// The wall clock may be set meanwhile: ends are looked at again at least this often.
constexpr auto longest_sleep = 60s;

Result<> check_duration(std::chrono::seconds duration) {
  if (duration >= 1s && duration <= longest_lease) return ok();
  return Error(Errc::bad_input, Blame::job,
               fmt::format("a lease lasts 1 s to {} days", longest_lease / std::chrono::days(1)));
}

/// `wanted` is the name of a board, or else of a type (or its alias).
Result<> resolve_wanted(const FarmState& farm, const std::string& wanted) {
  if (farm.boards.contains(wanted) || farm.options.types.find(wanted) != nullptr) return ok();
  auto known = farm.options.types.names();
  for (const auto& [name, board] : farm.boards) known.push_back(name);
  const auto hint = suggest(wanted, known);
  return Error(Errc::not_found, Blame::job,
               fmt::format("there is no board and no board type '{}'{}", wanted, hint.empty() ? "" : "; " + hint));
}

void activate(FarmState& farm, LeaseView& lease, const std::string& board_name, Changes& changes) {
  auto& board = farm.boards.at(board_name);
  lease.state = LeaseState::active;
  lease.board = board_name;
  lease.started = utc_now();
  lease.ends = lease.started + lease.duration;
  farm.lease_ends.emplace(lease.ends, lease.id);
  farm.times_changed.notify();
  ++farm.grants;
  board.view.lease = lease.id;
  board.view.holder = lease.owner;
  board.view.job = lease.job;
  changes.emplace_back(PutLease{lease});
  add_event(farm, changes, "lease", std::to_string(lease.id), to_json(lease));
  refresh_board(farm, board, changes);
  if (!lease.job) return;
  if (const auto job = farm.jobs.find(*lease.job); job != farm.jobs.end()) {
    job->second.record.view.board = board_name;
    start_job(farm, job->second, changes);
  }
}

Result<LeaseView*> own_lease(FarmState& farm, const Principal& who, std::uint64_t id, std::string_view what) {
  const auto found = farm.leases.find(id);
  if (found == farm.leases.end()) {
    HILLTOP_CHECK(farm.store->lease_now(id));
    return Error(Errc::bad_input, Blame::job, fmt::format("lease {} has ended", id));
  }
  if (found->second.owner != who.user)
    HILLTOP_CHECK(need(who, Role::technician, fmt::format("{} a lease of {}", what, found->second.owner)));
  return &found->second;
}

void expire(FarmState& farm, UtcTime now) {
  Changes changes;
  while (!farm.lease_ends.empty() && farm.lease_ends.begin()->first <= now) {
    const auto id = farm.lease_ends.begin()->second;
    farm.lease_ends.erase(farm.lease_ends.begin());
    const auto lease = farm.leases.find(id);
    if (lease == farm.leases.end()) continue;
    const auto job = lease->second.job ? farm.jobs.find(*lease->second.job) : farm.jobs.end();
    // A job ends within its own time-out, clean-up included; this is for a worker that does not see to that.
    if (job != farm.jobs.end())
      cancel_now(farm, job->second, "its lease has expired");
    else
      end_lease(farm, id, "expired", changes);
  }
  while (!farm.queue_ends.empty() && farm.queue_ends.begin()->first <= now) {
    const auto id = farm.queue_ends.begin()->second;
    farm.queue_ends.erase(farm.queue_ends.begin());
    const auto job = farm.jobs.find(id);
    if (job == farm.jobs.end() || job->second.record.view.state != JobState::submitted) continue;
    jobs::Outcome outcome;
    outcome.blame = Blame::infrastructure;
    outcome.reason =
        fmt::format("no board within {} (timeouts.queue): waited for {}", to_human(job->second.record.queue_timeout),
                    farm.scheduler.waiting_for(job->second.record.view.lease.value_or(0)));
    finish_job(farm, id, std::move(outcome));
  }
  save(farm, std::move(changes));
}

}  // namespace

Request request_for(const JobRecord& job) {
  Request out;
  out.type = job.view.board_type;
  out.board = job.pin_board;
  out.worker = job.pin_worker;
  out.avoid = job.avoid_board;
  out.tags = job.view.tags;
  return out;
}

Request request_of(const FarmState& farm, const LeaseView& lease) {
  Request out;
  const auto job = lease.job ? farm.jobs.find(*lease.job) : farm.jobs.end();
  if (job != farm.jobs.end()) out = request_for(job->second.record);
  out.id = lease.id;
  out.priority = lease.priority;
  out.tags = lease.tags;
  if (job != farm.jobs.end()) return out;
  if (farm.boards.contains(lease.wanted)) {
    out.board = lease.wanted;
  } else {
    const auto* type = farm.options.types.find(lease.wanted);
    out.type = type != nullptr ? type->name : lease.wanted;
  }
  return out;
}

LeaseView shown(const FarmState& farm, LeaseView lease) {
  if (lease.state == LeaseState::waiting) lease.waiting_for = farm.scheduler.waiting_for(lease.id);
  return lease;
}

void dispatch(FarmState& farm) {
  if (farm.stopping) return;
  Changes changes;
  for (const auto& grant : farm.scheduler.grant()) {
    const auto lease = farm.leases.find(grant.request);
    if (lease != farm.leases.end()) activate(farm, lease->second, grant.board, changes);
  }
  if (!changes.empty()) save(farm, std::move(changes));
}

void end_lease(FarmState& farm, std::uint64_t id, std::string reason, Changes& changes) {
  const auto found = farm.leases.find(id);
  if (found == farm.leases.end()) return;
  auto lease = std::move(found->second);
  farm.leases.erase(found);
  farm.lease_ends.erase({lease.ends, id});
  farm.scheduler.remove(id);
  lease.state = LeaseState::ended;
  lease.ended = utc_now();
  lease.end_reason = std::move(reason);
  changes.emplace_back(PutLease{lease});
  add_event(farm, changes, "lease", std::to_string(id), to_json(lease));
  if (const auto board = farm.boards.find(lease.board); board != farm.boards.end() && board->second.view.lease == id) {
    board->second.view.lease.reset();
    board->second.view.holder.clear();
    board->second.view.job.reset();
    board_freed(farm, board->second, !lease.job, changes);
  }
  farm.ended_leases.push_front(std::move(lease));
  if (farm.ended_leases.size() > ended_leases_kept) farm.ended_leases.pop_back();
}

Task<LeaseView> take_lease(FarmRef farm, Principal who, LeaseRequest request) {
  HILLTOP_CO_CHECK(need(who, Role::submitter, "taking a lease"));
  HILLTOP_CO_CHECK(check_duration(request.duration));
  HILLTOP_CO_CHECK(resolve_wanted(*farm, request.wanted));
  LeaseView lease;
  lease.owner = who.user;
  lease.project = who.project;
  lease.wanted = request.wanted;
  lease.tags = request.tags;
  lease.priority = std::min(request.priority, 100U);
  lease.duration = request.duration;
  lease.created = utc_now();
  HILLTOP_CO_CHECK(farm->scheduler.can_ever_run(request_of(*farm, lease)));
  lease.id = ++farm->last_lease;
  Changes changes;
  changes.emplace_back(PutLease{lease});
  add_event(*farm, changes, "lease", std::to_string(lease.id), to_json(lease));
  add_audit(changes, who, "lease take", std::to_string(lease.id), request.wanted);
  HILLTOP_CO_CHECK(co_await save_and_wait(farm, std::move(changes)));
  const auto id = lease.id;
  farm->leases[id] = lease;
  farm->scheduler.add(request_of(*farm, lease));
  dispatch(*farm);
  // Told as it is once that is durable: a lease that was given must survive a restart.
  HILLTOP_CO_CHECK(co_await save_and_wait(farm, {}));
  const auto now = farm->leases.find(id);
  if (now == farm->leases.end()) co_return farm->store->lease_now(id);
  co_return shown(*farm, now->second);
}

Task<LeaseView> extend_lease(FarmRef farm, Principal who, std::uint64_t id, std::chrono::seconds duration) {
  HILLTOP_CO_CHECK(check_duration(duration));
  HILLTOP_CO_TRY(auto* lease, own_lease(*farm, who, id, "extending"));
  Changes changes;
  if (lease->state == LeaseState::waiting) {
    lease->duration = std::max(lease->duration, duration);
  } else {
    const auto ends = std::max<UtcTime>(lease->ends, utc_now() + duration);
    farm->lease_ends.erase({lease->ends, id});
    farm->lease_ends.emplace(ends, id);
    lease->ends = ends;
    lease->duration = std::chrono::ceil<std::chrono::seconds>(ends - lease->started);
    if (const auto board = farm->boards.find(lease->board); board != farm->boards.end())
      refresh_board(*farm, board->second, changes);
  }
  const auto out = *lease;
  changes.emplace_back(PutLease{out});
  add_event(*farm, changes, "lease", std::to_string(id), to_json(out));
  add_audit(changes, who, "lease extend", std::to_string(id), to_human(duration));
  HILLTOP_CO_CHECK(co_await save_and_wait(farm, std::move(changes)));
  co_return shown(*farm, out);
}

Task<> release_lease(FarmRef farm, Principal who, std::uint64_t id, std::string reason) {
  HILLTOP_CO_TRY(auto* lease, own_lease(*farm, who, id, "revoking"));
  Changes changes;
  add_audit(changes, who, lease->owner == who.user ? "lease release" : "lease revoke", std::to_string(id), reason);
  auto why = lease->owner == who.user ? "released" : "revoked by " + who.user;
  if (!reason.empty()) why += ": " + reason;
  const auto job = lease->job ? farm->jobs.find(*lease->job) : farm->jobs.end();
  if (job != farm->jobs.end())
    cancel_now(*farm, job->second, "lease " + why);  // the lease ends with its job, when the board is clean
  else
    end_lease(*farm, id, why, changes);
  auto saved = co_await save_and_wait(farm, std::move(changes));
  dispatch(*farm);
  co_return saved;
}

Task<> watch_times(FarmRef farm) {
  for (;;) {
    const auto now = utc_now();
    expire(*farm, now);
    dispatch(*farm);
    auto wake = now + longest_sleep;
    bool waits = false;
    for (const auto* ends : {&farm->lease_ends, &farm->queue_ends}) {
      if (ends->empty()) continue;
      wake = std::min<UtcTime>(wake, ends->begin()->first);
      waits = true;
    }
    const auto pause = std::max<UtcTime::duration>(wake - now, std::chrono::milliseconds(1));
    auto woken = co_await farm->times_changed.wait(waits ? Deadline::after(pause) : Deadline::never());
    if (!woken && woken.error().code == Errc::canceled) co_return woken;
  }
}

}  // namespace hilltop::controller
