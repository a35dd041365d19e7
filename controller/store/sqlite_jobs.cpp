// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "controller/store/sqlite_rows.hpp"

namespace hilltop::controller::sqlite {
namespace {

#define HILLTOP_JOB_COLUMNS                                                                                            \
  "id,name,project,submitter,board_type,board,state,priority,attempt,submitted,started,finished,verdict,blame,reason," \
  "tags,is_public,viewing_groups,lease,rerun_of,cases,passed,failed,file_name,pin_board,pin_worker,avoid_board,"       \
  "max_attempts,job_timeout_s,queue_timeout_s"

std::optional<jobs::Outcome> outcome_of(const Row& row) {
  const auto verdict = jobs::verdict_from(row.text(12));
  if (!verdict) return std::nullopt;
  jobs::Outcome out;
  out.verdict = *verdict;
  if (const auto blame = row.text(13); !blame.empty()) out.blame = blame_from(blame);
  out.reason = row.text(14);
  return out;
}

JobRecord job_of(const Row& row) {
  JobRecord out;
  auto& view = out.view;
  view.id = row.number(0);
  view.name = row.text(1);
  view.project = row.text(2);
  view.submitter = row.text(3);
  view.board_type = row.text(4);
  view.board = row.text(5);
  view.state = job_state_from(row.text(6)).value_or(JobState::finished);
  view.priority = static_cast<std::uint32_t>(row.number(7));
  view.attempt = static_cast<std::uint32_t>(row.number(8));
  view.submitted = row.time(9);
  view.started = row.time(10);
  view.finished = row.time(11);
  view.outcome = outcome_of(row);
  view.tags = words_from_json(row.text(15));
  view.is_public = row.flag(16);
  view.viewing_groups = words_from_json(row.text(17));
  view.lease = row.maybe_number(18);
  view.rerun_of = row.maybe_number(19);
  view.cases = row.number(20);
  view.passed = row.number(21);
  view.failed = row.number(22);
  out.file_name = row.text(23);
  out.pin_board = row.text(24);
  out.pin_worker = row.text(25);
  out.avoid_board = row.text(26);
  out.max_attempts = static_cast<std::uint32_t>(row.number(27));
  out.job_timeout = std::chrono::seconds(row.integer(28));
  out.queue_timeout = std::chrono::seconds(row.integer(29));
  return out;
}

std::string verdict_text(const JobView& view) {
  return view.outcome ? std::string(jobs::to_string(view.outcome->verdict)) : "";
}

std::string blame_text(const JobView& view) {
  return view.outcome && view.outcome->blame ? std::string(to_string(*view.outcome->blame)) : "";
}

Result<> put_definition(Database& database, const InsertJob& change) {
  const auto& view = change.job.view;
  if (!change.definition.empty() || !view.rerun_of)
    return database.run("INSERT INTO definitions(job,text) VALUES(?,?)", view.id, change.definition);
  return database.run("INSERT INTO definitions(job,text) SELECT ?,text FROM definitions WHERE job=?", view.id,
                      *view.rerun_of);
}

}  // namespace

std::string words_to_json(const std::vector<std::string>& words) { return nlohmann::json(words).dump(); }

std::vector<std::string> words_from_json(const std::string& text) {
  const auto parsed = nlohmann::json::parse(text, nullptr, false);
  std::vector<std::string> out;
  for (const auto& word : parsed)
    if (word.is_string()) out.push_back(word.get<std::string>());
  return out;
}

Result<> apply(Database& database, const InsertJob& change) {
  const auto& job = change.job;
  const auto& v = job.view;
  HILLTOP_CHECK(database.run(
      "INSERT INTO jobs(" HILLTOP_JOB_COLUMNS ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
      v.id, v.name, v.project, v.submitter, v.board_type, v.board, to_string(v.state), v.priority, v.attempt,
      v.submitted, v.started, v.finished, verdict_text(v), blame_text(v), v.outcome ? v.outcome->reason : "",
      words_to_json(v.tags), v.is_public, words_to_json(v.viewing_groups), v.lease, v.rerun_of, v.cases, v.passed,
      v.failed, job.file_name, job.pin_board, job.pin_worker, job.avoid_board, job.max_attempts, job.job_timeout,
      job.queue_timeout));
  return put_definition(database, change);
}

Result<> apply(Database& database, const UpdateJob& change) {
  const auto& v = change.job.view;
  return database.run(
      "UPDATE jobs SET "
      "board=?,state=?,started=?,finished=?,verdict=?,blame=?,reason=?,lease=?,cases=?,passed=?,failed=?"
      " WHERE id=?",
      v.board, to_string(v.state), v.started, v.finished, verdict_text(v), blame_text(v),
      v.outcome ? v.outcome->reason : "", v.lease, v.cases, v.passed, v.failed, v.id);
}

Result<> apply(Database& database, const AddCase& change) {
  const auto& c = change.test_case;
  return database.run(
      "INSERT INTO test_cases(job,number,suite,name,result,measurement,units,duration_s,line,message) "
      "VALUES(?,?,?,?,?,?,?,?,?,?)",
      change.job, change.number, c.suite, c.name, jobs::to_string(c.result), c.measurement, c.units, c.duration_s,
      c.line, c.message);
}

Result<std::vector<JobRecord>> open_jobs(Database& database) {
  std::vector<JobRecord> out;
  HILLTOP_CHECK(database.query("SELECT " HILLTOP_JOB_COLUMNS " FROM jobs WHERE state<>'finished' ORDER BY id",
                               [&](const Row& row) { out.push_back(job_of(row)); }));
  return out;
}

Result<std::vector<JobRecord>> find_jobs(Database& database, const JobQuery& q) {
  std::vector<JobRecord> out;
  HILLTOP_CHECK(database.query(
      "SELECT " HILLTOP_JOB_COLUMNS
      " FROM jobs WHERE (?1=0 OR id<?1) AND (?2='' OR state=?2) AND (?3='' OR verdict=?3)"
      " AND (?4='' OR board=?4) AND (?5='' OR board_type=?5) AND (?6='' OR submitter=?6)"
      " AND (?7='' OR project=?7) ORDER BY id DESC LIMIT ?8",
      [&](const Row& row) { out.push_back(job_of(row)); }, q.before, q.state, q.verdict, q.board, q.board_type,
      q.submitter, q.project, q.limit));
  return out;
}

Result<JobRecord> find_job(Database& database, std::uint64_t id) {
  std::optional<JobRecord> out;
  HILLTOP_CHECK(database.query(
      "SELECT " HILLTOP_JOB_COLUMNS " FROM jobs WHERE id=?", [&](const Row& row) { out = job_of(row); }, id));
  if (!out) return Error(Errc::not_found, Blame::job, fmt::format("there is no job {}", id));
  return *std::move(out);
}

Result<std::string> find_definition(Database& database, std::uint64_t job) {
  std::optional<std::string> out;
  HILLTOP_CHECK(
      database.query("SELECT text FROM definitions WHERE job=?", [&](const Row& row) { out = row.text(0); }, job));
  if (!out) return Error(Errc::not_found, Blame::job, fmt::format("there is no job {}", job));
  return *std::move(out);
}

Result<std::vector<jobs::TestCase>> find_cases(Database& database, std::uint64_t job) {
  std::vector<jobs::TestCase> out;
  const auto on_row = [&](const Row& row) {
    jobs::TestCase c;
    c.suite = row.text(0);
    c.name = row.text(1);
    c.result = jobs::case_result_from(row.text(2)).value_or(jobs::CaseResult::unknown);
    c.measurement = row.maybe_real(3);
    c.units = row.text(4);
    c.duration_s = row.maybe_real(5);
    c.line = row.number(6);
    c.message = row.text(7);
    out.push_back(std::move(c));
  };
  HILLTOP_CHECK(database.query(
      "SELECT suite,name,result,measurement,units,duration_s,line,message FROM test_cases WHERE job=? ORDER BY number",
      on_row, job));
  return out;
}

}  // namespace hilltop::controller::sqlite
