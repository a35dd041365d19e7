// SPDX-License-Identifier: Apache-2.0
#include "web/api/json_body.hpp"
#include "web/api/problem.hpp"

namespace hilltop::web {
namespace {

using controller::Farm;
using nlohmann::json;

constexpr std::int64_t longest_lease_s = 31 * 24 * 3600;

Task<Response> list_leases(ApiPtr api, Call call) {
  const auto all = call.request.query_value("all").value_or("");
  const bool ended_too = !all.empty() && all != "0" && all != "false";
  HILLTOP_CO_TRY(const auto leases, co_await hop(api->gate, &Farm::leases, call.who, ended_too));
  HILLTOP_CO_TRY(auto page, page_of(call.request, leases, [](const auto& lease) { return std::to_string(lease.id); }));
  co_return json_response(page);
}

Task<Response> take_lease(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(const auto body, JsonBody::read(call.request.body, {"wanted", "for_s", "tags", "priority"}));
  controller::LeaseRequest request;
  HILLTOP_CO_TRY(request.wanted, body.text("wanted"));
  HILLTOP_CO_TRY(request.tags, body.texts("tags"));
  HILLTOP_CO_TRY(const auto seconds, body.integer_or("for_s", 1800, 1, longest_lease_s));
  HILLTOP_CO_TRY(const auto priority, body.integer_or("priority", 50, 0, 100));
  request.duration = std::chrono::seconds(seconds);
  request.priority = static_cast<std::uint32_t>(priority);
  HILLTOP_CO_TRY(const auto lease, co_await hop(api->gate, &Farm::take, call.who, std::move(request)));
  auto response = json_response(to_json(lease), 201);
  response.headers.emplace_back("Location", "/api/v1/leases/" + std::to_string(lease.id));
  co_return response;
}

Task<Response> show_lease(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(const auto id, id_param(call.request, "lease"));
  HILLTOP_CO_TRY(const auto lease, co_await hop(api->gate, &Farm::lease, call.who, id));
  co_return json_response(to_json(lease));
}

Task<Response> extend_lease(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(const auto id, id_param(call.request, "lease"));
  HILLTOP_CO_TRY(const auto body, JsonBody::read(call.request.body, {"for_s"}));
  HILLTOP_CO_TRY(const auto seconds, body.integer_or("for_s", 1800, 1, longest_lease_s));
  HILLTOP_CO_TRY(const auto lease, co_await hop(api->gate, &Farm::extend, call.who, id, std::chrono::seconds(seconds)));
  co_return json_response(to_json(lease));
}

Task<Response> end_lease(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(const auto id, id_param(call.request, "lease"));
  auto reason = call.request.query_value("reason").value_or("");
  HILLTOP_CO_CHECK(co_await hop(api->gate, &Farm::release, call.who, id, std::move(reason)));
  co_return json_response(json::object());
}

constexpr QueryParam list_query[] = {{"all", ParamType::integer, "1: those that have ended, too"},
                                     {"limit", ParamType::integer, "items a page, at most 1000"},
                                     {"cursor", ParamType::text, "`next` of the page before"}};
constexpr QueryParam end_query[] = {{"reason", ParamType::text, "told to the owner"}};

constexpr Route routes[] = {
    {.pattern = "/api/v1/leases",
     .tag = "leases",
     .summary = "Leases that wait or are active.",
     .query = list_query,
     .gives = {json_type, "LeasePage"},
     .handler = &list_leases},
    {.method = Method::post,
     .pattern = "/api/v1/leases",
     .access = Access::submitter,
     .tag = "leases",
     .summary = "Asks for a board by name or type. The answer may be a lease that waits.",
     .body = Admission::Body::text,
     .takes = {json_type, "LeaseRequest"},
     .gives = {json_type, "Lease"},
     .status = 201,
     .handler = &take_lease},
    {.pattern = "/api/v1/leases/{id}",
     .tag = "leases",
     .summary = "One lease.",
     .gives = {json_type, "Lease"},
     .handler = &show_lease},
    {.method = Method::post,
     .pattern = "/api/v1/leases/{id}/extend",
     .access = Access::submitter,
     .tag = "leases",
     .summary = "Sets the end to so many seconds from now; never shortens.",
     .body = Admission::Body::text,
     .takes = {json_type, "ExtendRequest"},
     .gives = {json_type, "Lease"},
     .handler = &extend_lease},
    {.method = Method::del,
     .pattern = "/api/v1/leases/{id}",
     .access = Access::submitter,
     .tag = "leases",
     .summary = "Gives the board back. By a technician: revokes it, and ends every stream bound to it.",
     .query = end_query,
     .gives = {json_type, "Empty"},
     .handler = &end_lease},
};

}  // namespace

std::span<const Route> lease_routes() { return routes; }

}  // namespace hilltop::web
