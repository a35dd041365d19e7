// SPDX-License-Identifier: Apache-2.0
#include "web/api/openapi.hpp"

#include <nlohmann/json.hpp>

#include "web/api/route.hpp"

namespace hilltop::web {
namespace {

using nlohmann::json;

json content_of(const Content& content) {
  json schema = json::object();
  if (!content.schema.empty()) schema = {{"$ref", "#/components/schemas/" + std::string(content.schema)}};
  return {{std::string(content.type), {{"schema", std::move(schema)}}}};
}

json parameter(std::string_view name, std::string_view in, std::string_view type, std::string_view summary,
               bool required) {
  json out = {{"name", name}, {"in", in}, {"schema", {{"type", type}}}, {"required", required}};
  if (!summary.empty()) out["description"] = summary;
  return out;
}

json parameters_of(const Route& route) {
  auto out = json::array();
  for (auto at = route.pattern.find('{'); at != std::string_view::npos; at = route.pattern.find('{', at + 1)) {
    const auto name = route.pattern.substr(at + 1, route.pattern.find('}', at) - at - 1);
    out.push_back(parameter(name, "path", name == "id" ? "integer" : "string", "", true));
  }
  for (const auto& q : route.query)
    out.push_back(parameter(q.name, "query", q.type == ParamType::integer ? "integer" : "string", q.summary, false));
  return out;
}

json problem_answer(std::string_view description) {
  return {{"description", description}, {"content", content_of({"application/problem+json", "Problem"})}};
}

json responses_of(const Route& route) {
  json out;
  json success = {{"description", route.status == 101 ? "a WebSocket" : "success"}};
  if (!route.gives.type.empty()) success["content"] = content_of(route.gives);
  out[std::to_string(route.status)] = std::move(success);
  if (route.method == Method::get && route.status == 200)
    out["304"] = {{"description", "what If-None-Match names still holds"}};
  if (route.access != Access::open) {
    out["401"] = problem_answer("no valid token");
    out["403"] = problem_answer("the token's role does not allow it");
  }
  if (route.status == 101) out["426"] = problem_answer("this is a WebSocket");
  out["default"] = problem_answer("what went wrong, and whose fault it is");
  return out;
}

json operation(const Route& route) {
  json out = {{"summary", route.summary},
              {"tags", json::array({route.tag})},
              {"responses", responses_of(route)},
              {"x-hilltop-role", to_string(route.access)}};
  if (auto parameters = parameters_of(route); !parameters.empty()) out["parameters"] = std::move(parameters);
  if (!route.takes.type.empty()) out["requestBody"] = {{"content", content_of(route.takes)}};
  if (route.access == Access::open) {
    out["security"] = json::array();
  } else {
    out["security"] = json::array({{{"token", json::array()}}});
  }
  if (route.talker != nullptr) out["x-hilltop-websocket"] = true;
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = static_cast<char>(c | 0x20);
  return out;
}

}  // namespace

json openapi_document(std::string_view version) {
  json paths = json::object();
  for (const auto* route : all_routes())
    paths[std::string(route->pattern)][lower(to_string(route->method))] = operation(*route);
  return {{"openapi", "3.1.0"},
          {"info",
           {{"title", "hilltop"},
            {"version", version},
            {"summary", "A board farm: boards, jobs, leases, consoles."},
            {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
          {"paths", std::move(paths)},
          {"components",
           {{"schemas", schemas()}, {"securitySchemes", {{"token", {{"type", "http"}, {"scheme", "bearer"}}}}}}}};
}

}  // namespace hilltop::web
