// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "web/api/application.hpp"
#include "web/api/openapi.hpp"
#include "web/api/problem.hpp"

namespace hilltop::web {
namespace {

using controller::Farm;
using nlohmann::json;

bool alive(const std::shared_ptr<Farm>&) { return true; }

/// Healthy is: the control thread answers.
Task<Response> healthz(ApiPtr api, Call) {
  HILLTOP_CO_CHECK(co_await hop_within(Deadline::after(2s), api->gate, &alive));
  co_return Response(200, "text/plain; charset=utf-8", "ok\n");
}

void add_metric(std::string& out, std::string_view name, std::string_view type, std::uint64_t value) {
  out += "# TYPE " + std::string(name) + " " + std::string(type) + "\n" + std::string(name) + " " +
         std::to_string(value) + "\n";
}

/// Text exposition format 0.0.4: a family's samples stand together, under one TYPE line.
/// Source: prometheus.io/docs/instrumenting/exposition_formats.
std::string exposition(std::vector<std::pair<std::string, double>> samples) {
  const auto family = [](std::string_view sample) { return sample.substr(0, sample.find('{')); };
  std::ranges::sort(samples, {}, [&](const auto& s) { return std::pair(std::string(family(s.first)), s.first); });
  std::string out, last;
  for (const auto& [name, value] : samples) {
    const std::string head(family(name));
    if (head != last) out += "# TYPE " + head + (head.ends_with("_total") ? " counter\n" : " gauge\n");
    last = head;
    char number[32];
    std::snprintf(number, sizeof number, "%.17g", value);
    out += name + " " + number + "\n";
  }
  return out;
}

/// Of the worker's consoles: `hilltop_console_bytes_total{lab="..."}` and its kin. None when the worker does not answer:
/// the farm's own counters are then all the more wanted.
Task<std::vector<std::pair<std::string, double>>> console_metrics(std::shared_ptr<Farm> farm) {
  std::vector<std::pair<std::string, double>> out;
  const auto lab = json(farm->inventory().name).dump(-1, ' ', false, json::error_handler_t::replace);
  const auto reply =
      co_await farm->worker().call(controller::WorkerCommand(controller::ConsoleCounters{}), Deadline::after(2s));
  const auto counters = reply ? json::parse(reply->text, nullptr, false) : json();
  for (const auto& [name, value] : counters.items())
    if (value.is_number()) out.emplace_back("hilltop_console_" + name + "{lab=" + lab + "}", value.get<double>());
  co_return out;
}

Task<Response> metrics(ApiPtr api, Call) {
  HILLTOP_CO_TRY(auto samples, co_await hop(api->gate, &Farm::metrics));
  HILLTOP_CO_TRY(auto consoles, co_await hop(api->gate, &console_metrics));
  samples.insert(samples.end(), consoles.begin(), consoles.end());
  auto out = exposition(std::move(samples));
  const auto& c = *api->facts->counters;
  add_metric(out, "hilltop_http_requests_total", "counter", c.requests);
  add_metric(out, "hilltop_http_errors_total", "counter", c.errors);
  add_metric(out, "hilltop_http_connections_total", "counter", c.connections);
  add_metric(out, "hilltop_http_bytes_sent_total", "counter", c.bytes_sent);
  add_metric(out, "hilltop_http_open_connections", "gauge", c.open);
  add_metric(out, "hilltop_websockets", "gauge", c.websockets);
  co_return Response(200, "text/plain; version=0.0.4; charset=utf-8", std::move(out));
}

Task<Response> version(ApiPtr api, Call) {
  co_return json_response({{"name", "hilltop"}, {"version", api->facts->version}, {"api", "v1"}});
}

Task<Response> whoami(ApiPtr, Call call) {
  co_return json_response({{"user", call.who.user},
                           {"role", controller::to_string(call.who.role)},
                           {"project", call.who.project},
                           {"groups", call.who.groups}});
}

Task<Response> openapi(ApiPtr api, Call) { co_return json_response(openapi_document(api->facts->version)); }

constexpr Route routes[] = {
    {.pattern = "/healthz",
     .access = Access::open,
     .tag = "server",
     .summary = "Whether the farm answers.",
     .gives = {"text/plain", ""},
     .handler = &healthz},
    {.pattern = "/metrics",
     .access = Access::open,
     .tag = "server",
     .summary = "Counters for Prometheus.",
     .gives = {"text/plain", ""},
     .handler = &metrics},
    {.pattern = "/api/v1/openapi.json",
     .access = Access::open,
     .tag = "server",
     .summary = "This document.",
     .gives = {json_type, "Any"},
     .handler = &openapi},
    {.pattern = "/api/v1/version",
     .access = Access::open,
     .tag = "server",
     .summary = "What runs here.",
     .gives = {json_type, "Version"},
     .handler = &version},
    {.pattern = "/api/v1/whoami",
     .tag = "server",
     .summary = "Whose token this is.",
     .gives = {json_type, "WhoAmI"},
     .handler = &whoami},
};

}  // namespace

std::span<const Route> meta_routes() { return routes; }

}  // namespace hilltop::web
