// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "controller/worker/event_sink.hpp"
#include "controller/worker/worker_core.hpp"
#include "drivers/core/log.hpp"
#include "jobs/pipeline.hpp"

namespace hilltop::controller {
namespace {

struct PlannedJob {
  std::shared_ptr<const jobs::JobDefinition> definition;
  std::shared_ptr<const jobs::Plan> plan;
};

/// The worker plans for itself: the definition that it got must mean the same here as where it was submitted.
Result<PlannedJob> plan_job(const RunJob& command, const boards::BoardType& type) {
  Diagnostics diagnostics;
  auto definition = jobs::read_job(command.definition, command.file_name, diagnostics);
  if (!definition) return diagnostics.to_error(Blame::job);
  auto plan = jobs::make_plan(*definition, type, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::job);
  return PlannedJob{std::make_shared<const jobs::JobDefinition>(*std::move(definition)),
                    std::make_shared<const jobs::Plan>(std::move(plan))};
}

Result<std::filesystem::path> make_job_dir(const Worker& worker, std::uint64_t job) {
  const auto dir = worker->options.data_dir / "running" / std::to_string(job);
  std::error_code failed;
  std::filesystem::remove_all(dir, failed);
  std::filesystem::create_directories(dir, failed);
  if (failed) return system_error(fmt::format("cannot make {}", dir.string()), failed.value());
  return dir;
}

jobs::Outcome outcome_of_a_defect(const char* what) {
  jobs::Outcome out;
  out.verdict = jobs::Verdict::incomplete;
  out.blame = Blame::bug;
  out.reason = fmt::format("a defect of hilltop ended the job: {}", what);
  out.board_suspect = true;
  return out;
}

asio::awaitable<jobs::Outcome> run_without_throwing(jobs::PipelineInput input) {
  jobs::Outcome out;
  try {
    out = co_await jobs::run_pipeline(std::move(input));
  } catch (const std::exception& e) {
    out = outcome_of_a_defect(e.what());
  }
  co_return out;
}

Task<> job_task(Worker worker, jobs::PipelineInput input, std::shared_ptr<EventSink> sink) {
  const auto transcript_hold = worker->options.engine->hold(input.board->config().name);
  // RunJob is answered first: its events follow.
  co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
  const auto job = input.job_id;
  const auto board = input.board->config().name;
  const auto dir = input.job_dir;
  auto outcome = co_await run_without_throwing(std::move(input));
  std::error_code ignored;
  std::filesystem::remove_all(dir, ignored);
  if (const auto running = worker->jobs.find(job); running != worker->jobs.end()) {
    if (outcome.verdict == jobs::Verdict::canceled && !running->second.cancel_reason.empty())
      outcome.reason = running->second.cancel_reason;
    worker->jobs.erase(running);
  }
  if (const auto found = worker->boards.find(board); found != worker->boards.end()) {
    found->second->job = 0;
    emit_status(worker, *found->second);
  }
  sink->finished(std::move(outcome));
  co_return ok();
}

}  // namespace

Task<WorkerReply> run_job(Worker worker, RunJob command, Deadline) {
  HILLTOP_CO_TRY(auto session, session_of(worker, command.board));
  auto& board = *worker->boards.at(command.board);
  if (board.job != 0)
    co_return Error(Errc::busy, Blame::bug, fmt::format("board {} already runs job {}", command.board, board.job));
  HILLTOP_CO_TRY(auto planned, plan_job(command, session->type()));
  jobs::PipelineInput input;
  HILLTOP_CO_TRY(input.job_dir, make_job_dir(worker, command.job));
  auto sink = std::make_shared<EventSink>(worker->executor, command.job, worker->emit);
  input.job_id = command.job;
  input.definition = planned.definition;
  input.plan = planned.plan;
  input.board = session;
  input.artifacts = worker->options.artifacts.get();
  input.boot_server = worker->boot_server.get();
  input.sink = sink.get();
  input.use_dictionary = [weak = std::weak_ptr(worker), board = command.board](std::filesystem::path file,
                                                                               std::string mode) -> Task<> {
    return use_dictionary(weak.lock(), board, std::move(file), std::move(mode));  // a job ends before its worker
  };
  board.job = command.job;
  worker->jobs[command.job] = {};
  worker->jobs[command.job].task =
      worker->scope.spawn(fmt::format("job {}", command.job), job_task(worker, std::move(input), sink));
  co_return WorkerReply{};
}

Task<WorkerReply> cancel_job(Worker worker, CancelJob command, Deadline) {
  const auto found = worker->jobs.find(command.job);
  if (found == worker->jobs.end())
    co_return Error(Errc::not_found, Blame::job, fmt::format("job {} does not run here", command.job));
  found->second.cancel_reason = command.reason;
  worker->scope.cancel(found->second.task);
  co_return WorkerReply{};
}

}  // namespace hilltop::controller
