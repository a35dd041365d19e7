// SPDX-License-Identifier: Apache-2.0
#include "web/api/result_formats.hpp"

#include <nlohmann/json.hpp>

#include "jobs/export/finished_job.hpp"
#include "web/api/problem.hpp"

namespace hilltop::web {
namespace {

std::optional<UtcTime> if_happened(UtcTime time) { return time == UtcTime() ? std::nullopt : std::optional(time); }

jobs::FinishedJob plain(const controller::JobView& job, const std::vector<jobs::TestCase>& cases) {
  jobs::FinishedJob out;
  out.id = std::to_string(job.id);
  out.name = job.name;
  out.state = std::string(to_string(job.state));
  out.outcome = job.outcome;
  out.board = job.board;
  out.board_type = job.board_type;
  out.submitted = if_happened(job.submitted);
  out.started = if_happened(job.started);
  out.finished = if_happened(job.finished);
  out.cases = cases;
  return out;
}

}  // namespace

Result<Response> format_results(const std::string& format, const controller::JobView& job,
                                const std::vector<jobs::TestCase>& cases) {
  if (format == "json") return json_response(to_json(job, &cases));
  if (format == "junit") return Response(200, "application/xml", jobs::to_junit(plain(job, cases)));
  if (format == "tap") return Response(200, "text/plain; charset=utf-8", jobs::to_tap(plain(job, cases)));
  if (format == "lava") return Response(200, "application/yaml", jobs::to_lava_yaml(plain(job, cases)));
  return Error(Errc::bad_input, Blame::job, "format must be one of json, junit, tap, lava");
}

}  // namespace hilltop::web
