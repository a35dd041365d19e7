// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "controller/farm_state.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::controller {
namespace {

constexpr auto time_to_take_on = 60s;
/// How often a job is tried that fails for reasons of the lab, when it does not say so itself.
constexpr std::uint32_t infrastructure_attempts = 2;
constexpr auto store_retry = 1s;

OpenJob* open_job(FarmState& farm, std::uint64_t id) {
  const auto found = farm.jobs.find(id);
  return found == farm.jobs.end() || found->second.ended ? nullptr : &found->second;
}

jobs::Outcome not_taken_on(const Error& error) {
  jobs::Outcome out;
  out.verdict = error.blame == Blame::canceled ? jobs::Verdict::canceled : jobs::Verdict::incomplete;
  out.blame = error.blame;
  out.reason = error.text;
  out.board_suspect = error.blame == Blame::bug;
  out.retry = error.blame == Blame::infrastructure;
  return out;
}

Task<> hand_to_worker(FarmRef farm, std::uint64_t id, std::string board, std::string file_name) {
  auto definition = co_await farm->store->definition(id);
  auto taken = definition ? co_await farm->worker->call(RunJob{id, board, *std::move(definition), file_name},
                                                        Deadline::after(time_to_take_on))
                          : Result<WorkerReply>(std::move(definition).error());
  if (farm->stopping) co_return ok();
  auto* job = open_job(*farm, id);
  if (job == nullptr) co_return ok();
  if (!taken) {
    finish_job(*farm, id, not_taken_on(taken.error()));
    co_return ok();
  }
  auto& view = job->record.view;
  view.started = utc_now();
  const bool cancel = view.state == JobState::canceling;
  if (!cancel) view.state = JobState::running;
  Changes changes;
  changes.emplace_back(UpdateJob{job->record});
  if (!cancel) job_event(*farm, changes, view);
  const auto reason = job->cancel_reason;
  save(*farm, std::move(changes));
  if (!cancel) co_return ok();
  auto sent = co_await farm->worker->call(CancelJob{id, reason}, Deadline::after(30s));
  if (!sent && sent.error().code != Errc::not_found) co_return std::move(sent).error();
  co_return ok();
}

/// A suspect board waits for a technician, and the job would wait with it: then its outcome stands.
bool runs_again(const FarmState& farm, const OpenJob& job, const jobs::Outcome& outcome) {
  if (!outcome.retry || !job.cancel_reason.empty()) return false;
  auto request = request_for(job.record);
  request.avoid = job.record.view.board;
  if (outcome.board_suspect && !farm.scheduler.another_could_serve(request)) return false;
  const auto attempts = outcome.blame == Blame::infrastructure
                            ? std::max(job.record.max_attempts, infrastructure_attempts)
                            : job.record.max_attempts;
  return job.record.view.attempt < attempts;
}

JobRecord next_attempt(FarmState& farm, const JobRecord& failed, const jobs::Outcome& outcome) {
  JobRecord out = failed;
  auto& view = out.view;
  view.id = ++farm.last_job;
  view.rerun_of = failed.view.id;
  view.attempt = failed.view.attempt + 1;
  view.state = JobState::submitted;
  view.board.clear();
  view.outcome.reset();
  view.submitted = utc_now();
  view.started = view.finished = {};
  view.cases = view.passed = view.failed = 0;
  view.current_action.clear();
  // The controller's own restart says nothing against the board.
  if (outcome.blame == Blame::infrastructure && outcome.board_suspect) out.avoid_board = failed.view.board;
  return out;
}

/// A full disk delays what is to be stored; it does not lose it.
Task<> save_at_last(FarmRef farm, Changes changes) {
  for (;;) {
    auto saved = co_await save_and_wait(farm, changes);
    if (saved || saved.error().code == Errc::canceled) co_return saved;
    log::error("farm: not stored, tried again: {}", saved.error().text);
    HILLTOP_CO_CHECK(co_await sleep_for(store_retry));
  }
}

/// The last steps of a job: its log is on disk, then its outcome, then everybody may see it.
Task<> complete_job(FarmRef farm, std::uint64_t id, jobs::Outcome outcome) {
  if (auto synced = co_await farm->logs.finish(id); !synced) log::error("job {}: {}", id, synced.error().text);
  auto& job = farm->jobs.at(id);
  auto done = job.record;
  done.view.state = JobState::finished;
  done.view.finished = utc_now();
  done.view.outcome = outcome;
  done.view.current_action.clear();
  Changes changes;
  changes.emplace_back(UpdateJob{done});
  job_event(*farm, changes, done.view);
  std::optional<JobRecord> again;
  std::optional<LeaseView> lease;
  if (runs_again(*farm, job, outcome)) {
    again = next_attempt(*farm, done, outcome);
    lease = lease_for(*farm, *again);
    changes.emplace_back(InsertJob{*again, ""});
    changes.emplace_back(PutLease{*lease});
    job_event(*farm, changes, again->view);
  }
  HILLTOP_CO_CHECK(co_await save_at_last(farm, std::move(changes)));
  farm->jobs.erase(id);
  ++farm->jobs_finished;
  tell_log_followers(*farm, id);
  if (again) {
    enqueue_job(*farm, *std::move(again), *lease);
    dispatch(*farm);
  }
  co_return ok();
}

/// What the outcome says about the board.
void judge_board(FarmState& farm, const std::string& name, std::uint64_t job, const jobs::Outcome& outcome,
                 Changes& changes) {
  const auto found = farm.boards.find(name);
  if (found == farm.boards.end()) return;
  auto& board = found->second;
  if (outcome.board_suspect)
    set_board_health(farm, board, BoardHealth::suspect, fmt::format("job {}: {}", job, outcome.reason), changes);
  else if (outcome.verdict == jobs::Verdict::pass && board.view.health == BoardHealth::unknown)
    set_board_health(farm, board, BoardHealth::good, "", changes);
}

void on_event(FarmState& farm, JobLogged event) {
  if (open_job(farm, event.job) == nullptr) return;
  const auto job = event.job;
  farm.logs.append(job, event.first_line, std::move(event.lines), farm.executor, [weak = farm.weak_from_this(), job] {
    if (const auto self = weak.lock()) tell_log_followers(*self, job);
  });
}

void on_event(FarmState& farm, JobResult event) {
  auto* job = open_job(farm, event.job);
  if (job == nullptr) return;
  auto& view = job->record.view;
  const auto& one = event.test_case;
  count_case(view, one);
  nlohmann::json data = {{"job", view.id}, {"cases", view.cases}, {"passed", view.passed}, {"failed", view.failed}};
  if (view.is_public)
    data.update(
        {{"suite", one.suite}, {"name", one.name}, {"result", jobs::to_string(one.result)}, {"line", one.line}});
  Changes changes;
  add_event(farm, changes, "job.result", std::to_string(view.id), data);
  changes.emplace_back(AddCase{view.id, ++job->reported, std::move(event.test_case)});
  save(farm, std::move(changes));
}

void on_event(FarmState& farm, JobAction event) {
  auto* job = open_job(farm, event.job);
  if (job == nullptr) return;
  if (!event.ended) job->record.view.current_action = event.level + " " + event.name;
  nlohmann::json data = {{"level", event.level}, {"name", event.name}, {"ended", event.ended}};
  if (event.ended) data.update({{"ok", event.ok}, {"duration_s", event.duration_s}});
  Changes changes;
  add_event(farm, changes, "job.action", std::to_string(event.job), data);
  save(farm, std::move(changes));
}

void on_event(FarmState& farm, JobFinished event) { finish_job(farm, event.job, std::move(event.outcome)); }

void on_event(FarmState& farm, BoardStatus event) {
  const auto found = farm.boards.find(event.board);
  if (found == farm.boards.end()) return;
  auto& board = found->second;
  Changes changes;
  if (std::exchange(board.view.power, event.power) != event.power)
    add_event(farm, changes, "board.power", event.board, {{"power", event.power}});
  if (board.view.power_found != event.power_found || board.view.power_problem != event.power_problem) {
    board.view.power_found = std::move(event.power_found);
    board.view.power_problem = std::move(event.power_problem);
    add_event(farm, changes, "board.drift", event.board,
              {{"power", board.view.power}, {"found", board.view.power_found}, {"problem", board.view.power_problem}});
  }
  if (board.view.writers != event.writers || board.view.ports != event.ports) {
    board.view.writers = std::move(event.writers);
    board.view.ports = std::move(event.ports);
    add_event(farm, changes, "board.console", event.board, console_use_json(board.view));
  }
  board.view.consoles = event.consoles;
  board.view.offers = event.offers;
  board.view.problem = event.problem;
  board.ready = event.problem.empty();
  refresh_board(farm, board, changes);
  save(farm, std::move(changes));
  dispatch(farm);
}

void on_event(FarmState& farm, BoardLost event) {
  if (!farm.boards.contains(event.board)) return;
  Changes changes;
  add_event(farm, changes, "board.power", event.board, {{"power", "off"}, {"lost", event.reason}});
  save(farm, std::move(changes));
}

void on_event(FarmState& farm, FlashProgressed event) {
  Changes changes;
  add_event(farm, changes, "board.flash", event.board, {{"done", event.done}, {"total", event.total}});
  save(farm, std::move(changes));
}

void on_event(FarmState& farm, BoardFault event) {
  if (!farm.boards.contains(event.board)) return;
  Changes changes;
  add_event(farm, changes, "board.fault", event.board,
            {{"console", event.console},
             {"channel", event.channel},
             {"rule", event.rule},
             {"summary", event.summary},
             {"line", event.line},
             {"offset", event.offset},
             {"count", event.count}});
  save(farm, std::move(changes));
}

}  // namespace

void count_case(JobView& job, const jobs::TestCase& test_case) {
  if (test_case.suite == "lava") return;
  ++job.cases;
  if (test_case.result == jobs::CaseResult::pass) ++job.passed;
  if (test_case.result == jobs::CaseResult::fail) ++job.failed;
}

void job_event(FarmState& farm, Changes& changes, const JobView& job) {
  nlohmann::json data = {{"state", to_string(job.state)}, {"board", job.board}, {"attempt", job.attempt}};
  if (job.outcome) data["verdict"] = jobs::to_string(job.outcome->verdict);
  if (job.rerun_of) data["rerun_of"] = *job.rerun_of;
  // Events go to all who may watch the farm: of a private job they tell that a board is busy, not with what.
  if (job.is_public) {
    data["name"] = job.name;
    data["submitter"] = job.submitter;
    if (job.outcome) data["reason"] = job.outcome->reason;
  }
  add_event(farm, changes, "job.state", std::to_string(job.id), data);
}

void start_job(FarmState& farm, OpenJob& job, Changes& changes) {
  auto& view = job.record.view;
  view.state = JobState::scheduled;
  farm.queue_ends.erase({view.submitted + job.record.queue_timeout, view.id});
  changes.emplace_back(UpdateJob{job.record});
  job_event(farm, changes, view);
  farm.scope.spawn(fmt::format("job {}", view.id),
                   hand_to_worker(farm.shared_from_this(), view.id, view.board, job.record.file_name));
}

void finish_job(FarmState& farm, std::uint64_t id, jobs::Outcome outcome) {
  auto* job = open_job(farm, id);
  if (job == nullptr) return;
  job->ended = true;
  auto& view = job->record.view;
  farm.queue_ends.erase({view.submitted + job->record.queue_timeout, id});
  Changes changes;
  judge_board(farm, view.board, id, outcome, changes);
  if (view.lease) end_lease(farm, *view.lease, "job finished", changes);
  save(farm, std::move(changes));
  farm.scope.spawn(fmt::format("end of job {}", id), complete_job(farm.shared_from_this(), id, std::move(outcome)));
  dispatch(farm);
}

void on_worker_event(FarmState& farm, WorkerEvent event) {
  if (farm.stopping) return;  // a job that shutting down has ended is run again, not finished
  std::visit([&](auto& one) { on_event(farm, std::move(one)); }, event);
}

}  // namespace hilltop::controller
