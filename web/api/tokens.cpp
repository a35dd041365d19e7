// SPDX-License-Identifier: Apache-2.0
#include "web/api/json_body.hpp"
#include "web/api/problem.hpp"

namespace hilltop::web {
namespace {

using controller::Farm;
using controller::TokenView;
using nlohmann::json;

json time_or_null(UtcTime time) { return time == UtcTime() ? json() : json(to_rfc3339(time)); }

json token_json(const TokenView& token) {
  return {{"id", token.id},
          {"user", token.user},
          {"name", token.name},
          {"project", token.project},
          {"role", controller::to_string(token.role)},
          {"created", time_or_null(token.created)},
          {"expires", time_or_null(token.expires)},
          {"last_used", time_or_null(token.last_used)},
          {"revoked", token.revoked}};
}

Task<Response> list_tokens(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(const auto tokens, co_await hop(api->gate, &Farm::tokens, call.who));
  auto items = json::array();
  for (const auto& token : tokens) items.push_back(token_json(token));
  co_return json_response({{"items", std::move(items)}, {"next", ""}});
}

Task<Response> create_token(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(const auto body,
                 JsonBody::read(call.request.body, {"user", "name", "role", "project", "valid_for_s"}));
  HILLTOP_CO_TRY(auto user, body.text("user"));
  HILLTOP_CO_TRY(auto name, body.text_or("name", ""));
  HILLTOP_CO_TRY(const auto role_name, body.text_or("role", "viewer"));
  HILLTOP_CO_TRY(auto project, body.text_or("project", "default"));
  HILLTOP_CO_TRY(const auto seconds, body.integer_or("valid_for_s", 0, 0, 100LL * 366 * 24 * 3600));
  const auto role = controller::role_from(role_name);
  if (!role) co_return Error(Errc::bad_input, Blame::job, "'role' must be one of viewer, submitter, technician, admin");
  HILLTOP_CO_TRY(const auto made,
                 co_await hop(api->gate, &Farm::create_token, call.who, std::move(user), std::move(name), *role,
                              std::move(project), std::chrono::seconds(seconds)));
  auto out = token_json(made.first);
  out["token"] = made.second;
  auto response = json_response(out, 201);
  response.headers.emplace_back("Cache-Control", "no-store");
  co_return response;
}

Task<Response> revoke_token(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(const auto id, id_param(call.request, "token"));
  HILLTOP_CO_CHECK(co_await hop(api->gate, &Farm::revoke_token, call.who, id));
  co_return json_response(json::object());
}

constexpr Route routes[] = {
    {.pattern = "/api/v1/tokens",
     .access = Access::admin,
     .tag = "tokens",
     .summary = "All tokens, without the tokens themselves.",
     .gives = {json_type, "TokenPage"},
     .handler = &list_tokens},
    {.method = Method::post,
     .pattern = "/api/v1/tokens",
     .access = Access::admin,
     .tag = "tokens",
     .summary = "Makes a token, and the user where there is none. The token is shown this once.",
     .body = Admission::Body::text,
     .takes = {json_type, "TokenRequest"},
     .gives = {json_type, "NewToken"},
     .status = 201,
     .handler = &create_token},
    {.method = Method::del,
     .pattern = "/api/v1/tokens/{id}",
     .access = Access::admin,
     .tag = "tokens",
     .summary = "Revokes a token.",
     .gives = {json_type, "Empty"},
     .handler = &revoke_token},
};

}  // namespace

std::span<const Route> token_routes() { return routes; }

}  // namespace hilltop::web
