// SPDX-License-Identifier: Apache-2.0
#include "web/api/json_body.hpp"
#include "web/api/log_formats.hpp"
#include "web/api/problem.hpp"
#include "web/api/result_formats.hpp"

namespace hilltop::web {
namespace {

using controller::Farm;
using controller::JobFilter;
using nlohmann::json;

/// The name that complaints begin with: what the client calls its file, without anything that could pass for more.
std::string file_name_of(const Request& request) {
  auto name = request.query_value("file").value_or("job.yaml");
  std::erase_if(name, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  return name.empty() ? "job.yaml" : name.substr(0, 255);
}

Task<Response> submit(ApiPtr api, Call call) {
  auto file = file_name_of(call.request);
  HILLTOP_CO_TRY(const auto id,
                 co_await hop(api->gate, &Farm::submit, call.who, std::move(call.request.body), std::move(file)));
  auto response = json_response({{"id", id}}, 201);
  response.headers.emplace_back("Location", "/api/v1/jobs/" + std::to_string(id));
  co_return response;
}

Task<Response> plan_job(ApiPtr api, Call call) {
  auto file = file_name_of(call.request);
  HILLTOP_CO_TRY(const auto plan,
                 co_await hop(api->gate, &Farm::plan, call.who, std::move(call.request.body), std::move(file)));
  auto out = plan.to_json();
  out["text"] = plan.to_text();
  co_return json_response(out);
}

Result<JobFilter> filter_of(const Request& request) {
  JobFilter filter;
  filter.state = request.query_value("state").value_or("");
  if (!filter.state.empty() && !controller::job_state_from(filter.state))
    return Error(Errc::bad_input, Blame::job,
                 "state must be one of submitted, scheduled, running, canceling, finished");
  filter.verdict = request.query_value("verdict").value_or("");
  if (!filter.verdict.empty() && !jobs::verdict_from(filter.verdict))
    return Error(Errc::bad_input, Blame::job, "verdict must be one of pass, fail, incomplete, canceled");
  filter.board = request.query_value("board").value_or("");
  filter.board_type = request.query_value("board_type").value_or("");
  filter.submitter = request.query_value("submitter").value_or("");
  filter.project = request.query_value("project").value_or("");
  filter.cursor = request.query_value("cursor").value_or("");
  HILLTOP_TRY(filter.limit, integer_query(request, "limit", 50, 1000));
  return filter;
}

Task<Response> list_jobs(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(auto filter, filter_of(call.request));
  HILLTOP_CO_TRY(const auto page, co_await hop(api->gate, &Farm::jobs, call.who, std::move(filter)));
  auto items = json::array();
  for (const auto& job : page.items) items.push_back(to_json(job, nullptr));
  co_return json_response({{"items", std::move(items)}, {"next", page.next}});
}

Task<Response> show_job(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(const auto id, id_param(call.request, "job"));
  HILLTOP_CO_TRY(const auto cases, co_await hop(api->gate, &Farm::results, call.who, id));
  HILLTOP_CO_TRY(const auto job, co_await hop(api->gate, &Farm::job, call.who, id));
  co_return json_response(to_json(job, &cases));
}

Task<Response> results(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(const auto id, id_param(call.request, "job"));
  HILLTOP_CO_TRY(const auto cases, co_await hop(api->gate, &Farm::results, call.who, id));
  HILLTOP_CO_TRY(const auto job, co_await hop(api->gate, &Farm::job, call.who, id));
  co_return format_results(call.request.query_value("format").value_or("json"), job, cases);
}

Task<Response> definition(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(const auto id, id_param(call.request, "job"));
  HILLTOP_CO_TRY(auto text, co_await hop(api->gate, &Farm::definition, call.who, id));
  co_return Response(200, "application/yaml", std::move(text));
}

Task<Response> log(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(const auto id, id_param(call.request, "job"));
  HILLTOP_CO_TRY(const auto from, integer_query(call.request, "from", 1));
  const auto format = call.request.query_value("format").value_or("jsonl");
  HILLTOP_CO_TRY(const auto file, co_await hop(api->gate, &Farm::log_file, call.who, id));
  co_return log_response(file.path, format, from);
}

Task<Response> cancel(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(const auto id, id_param(call.request, "job"));
  HILLTOP_CO_CHECK(co_await hop(api->gate, &Farm::cancel, call.who, id));
  co_return json_response(json::object());
}

constexpr QueryParam file_query[] = {{"file", ParamType::text, "the name that messages begin with"}};
constexpr QueryParam list_query[] = {{"state", ParamType::text, "submitted, scheduled, running, canceling, finished"},
                                     {"verdict", ParamType::text, "pass, fail, incomplete, canceled"},
                                     {"board", ParamType::text, "name of a board"},
                                     {"board_type", ParamType::text, "name of a board type"},
                                     {"submitter", ParamType::text, "name of a user"},
                                     {"project", ParamType::text, "name of a project"},
                                     {"limit", ParamType::integer, "items a page, at most 1000"},
                                     {"cursor", ParamType::text, "`next` of the page before"}};
constexpr QueryParam results_query[] = {{"format", ParamType::text, "json, junit, tap, lava"}};
constexpr QueryParam log_query[] = {{"format", ParamType::text, "jsonl, text, lava"},
                                    {"from", ParamType::integer, "number of the first line, from 1"}};

constexpr Route routes[] = {
    {.pattern = "/api/v1/jobs",
     .tag = "jobs",
     .summary = "Jobs, newest first.",
     .query = list_query,
     .gives = {json_type, "JobPage"},
     .handler = &list_jobs},
    {.method = Method::post,
     .pattern = "/api/v1/jobs",
     .access = Access::submitter,
     .tag = "jobs",
     .summary = "Submits a job definition. What can't run on any board is refused here, with every complaint.",
     .query = file_query,
     .body = Admission::Body::text,
     .takes = {"application/yaml", ""},
     .gives = {json_type, "JobId"},
     .status = 201,
     .handler = &submit},
    {.method = Method::post,
     .pattern = "/api/v1/jobs/plan",
     .tag = "jobs",
     .summary = "What a job definition would do, with every effective time-out. Nothing runs.",
     .query = file_query,
     .body = Admission::Body::text,
     .takes = {"application/yaml", ""},
     .gives = {json_type, "Plan"},
     .handler = &plan_job},
    {.pattern = "/api/v1/jobs/{id}",
     .tag = "jobs",
     .summary = "One job with its suites.",
     .gives = {json_type, "Job"},
     .handler = &show_job},
    {.pattern = "/api/v1/jobs/{id}/results",
     .tag = "jobs",
     .summary = "The results in a format of your choice.",
     .query = results_query,
     .gives = {"*/*", ""},
     .handler = &results},
    {.pattern = "/api/v1/jobs/{id}/definition",
     .tag = "jobs",
     .summary = "The definition as it was submitted.",
     .gives = {"application/yaml", ""},
     .handler = &definition},
    {.pattern = "/api/v1/jobs/{id}/log",
     .tag = "jobs",
     .summary = "The log as far as it goes.",
     .query = log_query,
     .gives = {"*/*", ""},
     .handler = &log},
    {.method = Method::post,
     .pattern = "/api/v1/jobs/{id}/cancel",
     .access = Access::submitter,
     .tag = "jobs",
     .summary = "Ends a job in any state: one's own, or any with the role technician.",
     .body = Admission::Body::text,
     .gives = {json_type, "Empty"},
     .handler = &cancel},
};

}  // namespace

std::span<const Route> job_routes() { return routes; }

}  // namespace hilltop::web
