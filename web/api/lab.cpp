// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "boards/board_type_json.hpp"
#include "web/api/application.hpp"
#include "web/api/json_body.hpp"
#include "web/api/problem.hpp"

namespace hilltop::web {
namespace {

using controller::Farm;
using nlohmann::json;

constexpr std::size_t longest_file_name = 4096;  // PATH_MAX

std::string lab_text(const std::shared_ptr<Farm>& farm, bool as_written) {
  return as_written ? farm->lab_text() : boards::to_yaml(farm->inventory());
}

json all_types(const std::shared_ptr<Farm>& farm) {
  auto items = json::array();
  for (const auto* type : farm->types().all()) items.push_back(boards::to_json(*type));
  return items;
}

Result<json> one_type(const std::shared_ptr<Farm>& farm, const std::string& name) {
  if (const auto* type = farm->types().find(name)) return boards::to_json(*type);
  const auto hint = suggest(name, farm->types().names());
  return Error(Errc::not_found, Blame::job,
               "there is no board type '" + name + "'" + (hint.empty() ? "" : ": " + hint));
}

Task<Response> show_lab(ApiPtr api, Call call) {
  const auto form = call.request.query_value("as").value_or("read");
  if (form != "read" && form != "written") co_return problem(400, "as: must be one of read, written");
  HILLTOP_CO_TRY(auto text, co_await hop(api->gate, &lab_text, form == "written"));
  co_return Response(200, "application/yaml", std::move(text));
}

Task<Response> apply_lab(ApiPtr api, Call call) {
  auto name = call.request.query_value("file").value_or("");
  if (name.size() > longest_file_name) co_return problem(400, "file: a name of at most 4096 bytes was expected");
  HILLTOP_CO_TRY(const auto change,
                 co_await hop(api->gate, &Farm::apply_lab, call.who, std::move(call.request.body), std::move(name)));
  co_return json_response({{"added", change.added}, {"removed", change.removed}, {"changed", change.changed}});
}

Task<Response> list_types(ApiPtr api, Call) {
  HILLTOP_CO_TRY(auto items, co_await hop(api->gate, &all_types));
  co_return json_response({{"items", std::move(items)}, {"next", ""}});
}

Task<Response> show_type(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(const auto type, co_await hop(api->gate, &one_type, call.request.param("name")));
  co_return json_response(type);
}

Task<Response> list_drivers(ApiPtr api, Call) {
  auto items = json::array();
  for (const auto* driver : api->facts->drivers)
    items.push_back({{"name", driver->name},
                     {"offers", driver->offers},
                     {"summary", driver->summary},
                     {"source", driver->source},
                     {"verified", drivers::to_string(driver->verified)}});
  co_return json_response({{"items", std::move(items)}, {"next", ""}});
}

constexpr QueryParam apply_query[] = {{"file", ParamType::text, "the name that complaints call the text by"}};

constexpr QueryParam show_query[] = {{"as", ParamType::text, "read (what it means) or written (with its comments)"}};

constexpr Route routes[] = {
    {.pattern = "/api/v1/board-types",
     .tag = "lab",
     .summary = "The board types that are known.",
     .gives = {json_type, "BoardTypePage"},
     .handler = &list_types},
    {.pattern = "/api/v1/board-types/{name}",
     .tag = "lab",
     .summary = "One board type, by name or alias.",
     .gives = {json_type, "BoardType"},
     .handler = &show_type},
    {.pattern = "/api/v1/drivers",
     .tag = "lab",
     .summary = "The drivers that the server was built with.",
     .gives = {json_type, "DriverPage"},
     .handler = &list_drivers},
    {.pattern = "/api/v1/lab",
     .tag = "lab",
     .summary = "The lab file.",
     .query = show_query,
     .gives = {"application/yaml", ""},
     .handler = &show_lab},
    {.method = Method::put,
     .pattern = "/api/v1/lab",
     .access = Access::admin,
     .tag = "lab",
     .summary = "Checks the text, writes it to the lab file and applies it. An empty body reads the file again.",
     .query = apply_query,
     .body = Admission::Body::text,
     .takes = {"application/yaml", ""},
     .gives = {json_type, "LabChange"},
     .handler = &apply_lab},
};

}  // namespace

std::span<const Route> lab_routes() { return routes; }

}  // namespace hilltop::web
