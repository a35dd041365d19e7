// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "controller/farm_state.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::controller {
namespace {

constexpr std::size_t most_in_a_page = 1000;

Result<std::uint64_t> cursor_from(const std::string& text) {
  std::uint64_t out = 0;
  if (text.empty()) return out;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failed != std::errc{} || end != text.data() + text.size())
    return Error(Errc::bad_input, Blame::job, fmt::format("'{}' is no cursor", text));
  return out;
}

Task<> send_cancel(FarmRef farm, std::uint64_t job, std::string reason) {
  auto sent = co_await farm->worker->call(CancelJob{job, std::move(reason)}, Deadline::after(30s));
  // It may have ended by itself meanwhile: its outcome is on the way.
  if (!sent && sent.error().code != Errc::not_found)
    co_return std::move(sent).error().within(fmt::format("cancel job {}", job));
  co_return ok();
}

jobs::Outcome canceled(std::string reason) {
  jobs::Outcome out;
  out.verdict = jobs::Verdict::canceled;
  out.blame = Blame::canceled;
  out.reason = std::move(reason);
  return out;
}

}  // namespace

JobView shown(const FarmState& farm, const JobRecord& job) {
  const auto open = farm.jobs.find(job.view.id);
  if (open == farm.jobs.end()) return job.view;
  auto out = open->second.record.view;
  if (out.state == JobState::submitted && out.lease) out.waiting_for = farm.scheduler.waiting_for(*out.lease);
  return out;
}

Task<Page<JobView>> list_jobs(FarmRef farm, Principal who, JobFilter filter) {
  Page<JobView> out;
  JobQuery query{filter.state, filter.verdict, filter.board, filter.board_type, filter.submitter, filter.project, 0, 0};
  HILLTOP_CO_TRY(query.before, cursor_from(filter.cursor));
  const auto limit = std::clamp<std::size_t>(filter.limit, 1, most_in_a_page);
  query.limit = limit + 1;
  // Private jobs are left out, so that a page may need more than one look.
  for (;;) {
    HILLTOP_CO_TRY(const auto found, co_await farm->store->jobs(query));
    for (const auto& job : found) {
      query.before = job.view.id;
      if (!may_see(who, job.view)) continue;
      if (out.items.size() == limit) {
        out.next = std::to_string(out.items.back().id);
        co_return out;
      }
      out.items.push_back(shown(*farm, job));
    }
    if (found.size() < query.limit) co_return out;
  }
}

void cancel_now(FarmState& farm, OpenJob& job, std::string reason) {
  auto& view = job.record.view;
  if (job.ended || !job.cancel_reason.empty()) return;
  job.cancel_reason = reason;
  if (view.state == JobState::submitted) return finish_job(farm, view.id, canceled(std::move(reason)));
  const bool taken_on = view.state == JobState::running;
  view.state = JobState::canceling;
  Changes changes;
  changes.emplace_back(UpdateJob{job.record});
  job_event(farm, changes, view);
  save(farm, std::move(changes));
  // A job that the worker has not taken on yet is canceled as soon as it has (farm_run.cpp).
  if (taken_on) farm.scope.spawn("cancel job", send_cancel(farm.shared_from_this(), view.id, std::move(reason)));
}

Task<> cancel_job(FarmRef farm, Principal who, std::uint64_t id) {
  HILLTOP_CO_TRY(const auto job, visible_job(*farm, who, id));
  if (who.user != job.view.submitter) HILLTOP_CO_CHECK(need(who, Role::technician, "canceling a job of somebody else"));
  HILLTOP_CO_CHECK(need(who, Role::submitter, "canceling a job"));
  const auto open = farm->jobs.find(id);
  if (open == farm->jobs.end() || open->second.ended)
    co_return Error(Errc::bad_input, Blame::job, fmt::format("job {} has finished", id));
  Changes changes;
  add_audit(changes, who, "cancel", std::to_string(id));
  cancel_now(*farm, open->second, "canceled by " + who.user);
  co_return co_await save_and_wait(farm, std::move(changes));
}

}  // namespace hilltop::controller
