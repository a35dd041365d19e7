// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "jobs/export/finished_job.hpp"

namespace hilltop::jobs {
namespace {

using nlohmann::json;

json time_or_null(const std::optional<UtcTime>& time) { return time ? json(to_rfc3339(*time)) : json(nullptr); }

json to_json(const TestCase& one) {
  json out{{"name", one.name}, {"result", to_string(one.result)}};
  out["measurement"] = one.measurement ? json(*one.measurement) : json(nullptr);
  out["units"] = one.units.empty() ? json(nullptr) : json(one.units);
  out["duration_s"] = one.duration_s ? json(*one.duration_s) : json(nullptr);
  out["line"] = one.line == 0 ? json(nullptr) : json(one.line);
  if (!one.message.empty()) out["message"] = one.message;
  return out;
}

}  // namespace

std::vector<Suite> suites_of(const std::vector<TestCase>& cases) {
  std::vector<Suite> out;
  for (const auto& one : cases) {
    auto it = std::ranges::find(out, one.suite, &Suite::name);
    if (it == out.end()) it = out.insert(out.end(), Suite{one.suite, {}});
    it->cases.push_back(one);
  }
  return out;
}

json suites_to_json(const std::vector<TestCase>& cases) {
  auto out = json::array();
  for (const auto& suite : suites_of(cases)) {
    auto list = json::array();
    for (const auto& one : suite.cases) list.push_back(to_json(one));
    out.push_back({{"name", suite.name}, {"cases", std::move(list)}});
  }
  return out;
}

json to_json(const FinishedJob& job) {
  json out{
      {"id", job.id}, {"name", job.name}, {"state", job.state}, {"board", job.board}, {"board_type", job.board_type}};
  out["verdict"] = job.outcome ? json(to_string(job.outcome->verdict)) : json(nullptr);
  out["reason"] = job.outcome && !job.outcome->reason.empty() ? json(job.outcome->reason) : json(nullptr);
  out["blame"] = job.outcome && job.outcome->blame ? json(to_string(*job.outcome->blame)) : json(nullptr);
  out["submitted"] = time_or_null(job.submitted);
  out["started"] = time_or_null(job.started);
  out["finished"] = time_or_null(job.finished);
  out["suites"] = suites_to_json(job.cases);
  return out;
}

}  // namespace hilltop::jobs
