// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "controller/farm_state.hpp"
#include "jobs/plan_serving.hpp"

namespace hilltop::controller {
namespace {

/// What a job's lease may last beyond the job's own time-out: its clean-up.
constexpr auto clean_up_time = std::chrono::minutes(5);

/// The place of a top-level key, for messages about what it says.
Place place_of(const std::string& definition, const std::string& file, std::string_view key) {
  Diagnostics ignored;
  const auto node = read_yaml(definition, file, ignored)[key];
  return node ? node.place() : Place{std::make_shared<const std::string>(file), 1, 1};
}

Error refused(Place place, Blame blame, std::string message, std::string suggestion = {}) {
  Diagnostics complaint;
  complaint.error(std::move(place), std::move(message), std::move(suggestion));
  return complaint.to_error(blame);
}

std::uint32_t attempts_of(const jobs::JobDefinition& definition, const boards::BoardType& type) {
  auto out = static_cast<std::uint32_t>(type.failure_retry);
  for (const auto& block : definition.actions) out = std::max(out, jobs::common_of(block).failure_retry.value_or(1));
  return out;
}

std::chrono::seconds up_to_seconds(std::chrono::nanoseconds value) {
  return std::chrono::ceil<std::chrono::seconds>(value);
}

JobRecord record_of(const jobs::JobDefinition& definition, const jobs::Plan& plan, const boards::BoardType& type,
                    const Principal& who, const std::string& file) {
  JobRecord out;
  auto& view = out.view;
  view.name = definition.name;
  view.project = who.project;
  view.submitter = who.user;
  view.board_type = type.name;
  view.priority = definition.priority;
  view.submitted = utc_now();
  view.tags = definition.tags;
  view.is_public = definition.is_public && !definition.is_personal;
  view.viewing_groups = definition.viewing_groups;
  out.file_name = file;
  out.pin_board = definition.device.value_or("");
  out.pin_worker = definition.worker.value_or("");
  out.max_attempts = attempts_of(definition, type);
  out.job_timeout = up_to_seconds(plan.job_timeout.value);
  if (definition.timeouts.queue) out.queue_timeout = up_to_seconds(definition.timeouts.queue->value);
  return out;
}

/// The lab must serve the job's files to each board that may get it, or none: which one it will be is not known yet.
void check_boards(const FarmState& farm, const jobs::JobDefinition& job, const boards::BoardType& type,
                  Diagnostics& out) {
  for (const auto& board : farm.inventory.boards) {
    const auto known = farm.boards.find(board.name);
    if (known != farm.boards.end() && known->second.view.health == BoardHealth::retired) continue;
    const bool fits = board.type == type.name && (!job.device || *job.device == board.name) &&
                      std::ranges::all_of(job.tags, [&](const auto& tag) {
                        return std::ranges::find(board.tags, tag) != board.tags.end();
                      });
    if (fits) jobs::check_serving(job, board, farm.inventory.boot_server, out);
  }
}

}  // namespace

Result<Submission> check_submission(FarmState& farm, const Principal& who, const std::string& definition,
                                    const std::string& file) {
  Diagnostics diagnostics;
  const auto job = jobs::read_job(definition, file, diagnostics);
  if (!job) return diagnostics.to_error(Blame::job);
  const auto* type = farm.options.types.find(job->device_type);
  if (type == nullptr)
    return refused(place_of(definition, file, "device_type"), Blame::job,
                   fmt::format("unknown device type '{}'", job->device_type),
                   suggest(job->device_type, farm.options.types.names()));
  Submission out;
  out.plan = jobs::make_plan(*job, *type, diagnostics);
  check_boards(farm, *job, *type, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::job);
  out.job = record_of(*job, out.plan, *type, who, file);
  if (auto possible = farm.scheduler.can_ever_run(request_for(out.job)); !possible)
    return refused(place_of(definition, file, "device_type"), Blame::configuration, possible.error().text);
  return out;
}

LeaseView lease_for(FarmState& farm, JobRecord& job) {
  LeaseView out;
  out.id = ++farm.last_lease;
  out.owner = job.view.submitter;
  out.project = job.view.project;
  out.wanted = job.pin_board.empty() ? job.view.board_type : job.pin_board;
  out.tags = job.view.tags;
  out.job = job.view.id;
  out.priority = job.view.priority;
  out.duration = job.job_timeout + clean_up_time;
  out.created = utc_now();
  job.view.lease = out.id;
  return out;
}

void enqueue_job(FarmState& farm, JobRecord job, LeaseView lease) {
  const auto id = job.view.id;
  if (job.queue_timeout.count() > 0) {
    farm.queue_ends.emplace(job.view.submitted + job.queue_timeout, id);
    farm.times_changed.notify();
  }
  farm.jobs[id].record = std::move(job);
  farm.leases[lease.id] = lease;
  farm.scheduler.add(request_of(farm, lease));
}

Task<std::uint64_t> submit_job(FarmRef farm, Principal who, std::string definition, std::string file) {
  HILLTOP_CO_CHECK(need(who, Role::submitter, "submitting a job"));
  if (farm->stopping) co_return Error(Errc::unavailable, Blame::infrastructure, "the daemon is shutting down");
  HILLTOP_CO_TRY(auto submission, check_submission(*farm, who, definition, file));
  auto& job = submission.job;
  const auto id = ++farm->last_job;
  job.view.id = id;
  const auto lease = lease_for(*farm, job);
  Changes changes;
  changes.emplace_back(InsertJob{job, std::move(definition)});
  changes.emplace_back(PutLease{lease});
  job_event(*farm, changes, job.view);
  add_audit(changes, who, "submit", std::to_string(id), file);
  HILLTOP_CO_CHECK(co_await save_and_wait(farm, std::move(changes)));
  enqueue_job(*farm, std::move(job), lease);
  dispatch(*farm);
  co_return id;
}

}  // namespace hilltop::controller
