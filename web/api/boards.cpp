// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "web/api/json_body.hpp"
#include "web/api/operate.hpp"
#include "web/api/problem.hpp"

namespace hilltop::web {
namespace {

using controller::Farm;
using nlohmann::json;

constexpr auto power_time = 60s;
constexpr auto flash_time = 10min;

Task<Response> list_boards(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(auto boards, co_await hop(api->gate, &Farm::boards, call.who));
  std::ranges::sort(boards, {}, &controller::BoardView::name);
  HILLTOP_CO_TRY(auto page, page_of(call.request, boards, [](const auto& board) { return board.name; }));
  co_return json_response(page);
}

Task<Response> show_board(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(auto board, co_await hop(api->gate, &Farm::board, call.who, call.request.param("name")));
  co_return json_response(to_json(board));
}

Error one_of(std::string_view name, std::string_view choices) {
  return Error(Errc::bad_input, Blame::job, "'" + std::string(name) + "' must be one of " + std::string(choices));
}

Task<Response> switch_power(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(const auto body, JsonBody::read(call.request.body, {"action"}));
  controller::PowerCommand command;
  command.board = call.request.param("name");
  HILLTOP_CO_TRY(command.action, body.text("action"));
  constexpr std::array<std::string_view, 4> actions = {"on", "off", "cycle", "status"};
  if (std::ranges::find(actions, command.action) == actions.end()) co_return one_of("action", "on, off, cycle, status");
  const bool only_look = command.action == "status";
  auto task = only_look ? &look : &operate;
  HILLTOP_CO_TRY(auto reply, co_await hop(api->gate, task, call.who, command.board, controller::WorkerCommand(command),
                                          Deadline::after(power_time)));
  co_return json_response({{"power", reply.text}});
}

Task<Response> reset_board(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(const auto body, JsonBody::read(call.request.body, {"kind"}));
  controller::ResetCommand command;
  command.board = call.request.param("name");
  HILLTOP_CO_TRY(command.kind, body.text_or("kind", "hard"));
  if (command.kind != "hard" && command.kind != "soft") co_return one_of("kind", "hard, soft");
  HILLTOP_CO_CHECK(co_await hop(api->gate, &operate, call.who, command.board, controller::WorkerCommand(command),
                                Deadline::after(power_time)));
  co_return json_response(json::object());
}

Task<Response> flash_board(ApiPtr api, Call call) {
  controller::FlashCommand command;
  command.board = call.request.param("name");
  auto names = json::array();
  for (const auto& upload : call.request.uploads) {
    command.files.push_back(upload.path.string());
    names.push_back(upload.file_name);
  }
  if (command.files.empty()) co_return Error(Errc::bad_input, Blame::job, "there is no file in the request");
  HILLTOP_CO_CHECK(co_await hop(api->gate, &operate_with_files, call.who, command.board,
                                controller::WorkerCommand(command), Deadline::after(flash_time),
                                call.request.uploads_folder));
  co_return json_response({{"flashed", std::move(names)}});
}

Task<Response> set_health(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(const auto body, JsonBody::read(call.request.body, {"health", "reason"}));
  HILLTOP_CO_TRY(const auto text, body.text("health"));
  HILLTOP_CO_TRY(auto reason, body.text_or("reason", ""));
  const auto health = controller::board_health_from(text);
  if (!health) co_return one_of("health", "unknown, good, suspect, bad, maintenance, retired");
  const auto name = call.request.param("name");
  HILLTOP_CO_CHECK(co_await hop(api->gate, &Farm::set_health, call.who, name, *health, std::move(reason)));
  co_return co_await show_board(std::move(api), std::move(call));
}

constexpr QueryParam paging[] = {{"limit", ParamType::integer, "items a page, at most 1000"},
                                 {"cursor", ParamType::text, "`next` of the page before"}};

constexpr Route routes[] = {
    {.pattern = "/api/v1/boards",
     .tag = "boards",
     .summary = "All boards, sorted by name.",
     .query = paging,
     .gives = {json_type, "BoardPage"},
     .handler = &list_boards},
    {.pattern = "/api/v1/boards/{name}",
     .tag = "boards",
     .summary = "One board.",
     .gives = {json_type, "Board"},
     .handler = &show_board},
    {.method = Method::post,
     .pattern = "/api/v1/boards/{name}/power",
     .tag = "boards",
     .summary =
         "Switches the power, or tells how it stands. Needs the board's lease or the role technician (status: viewer).",
     .body = Admission::Body::text,
     .takes = {json_type, "PowerRequest"},
     .gives = {json_type, "Power"},
     .handler = &switch_power},
    {.method = Method::post,
     .pattern = "/api/v1/boards/{name}/reset",
     .tag = "boards",
     .summary = "Resets the board. Needs its lease or the role technician.",
     .body = Admission::Body::text,
     .takes = {json_type, "ResetRequest"},
     .gives = {json_type, "Empty"},
     .handler = &reset_board},
    {.method = Method::post,
     .pattern = "/api/v1/boards/{name}/flash",
     .tag = "boards",
     .summary = "Flashes the files and verifies them. Needs the board's lease or the role technician.",
     .body = Admission::Body::files,
     .takes = {"multipart/form-data", "Files"},
     .gives = {json_type, "Flashed"},
     .handler = &flash_board},
    {.method = Method::put,
     .pattern = "/api/v1/boards/{name}/health",
     .access = Access::technician,
     .tag = "boards",
     .summary = "Says how healthy the board is, and why.",
     .body = Admission::Body::text,
     .takes = {json_type, "HealthRequest"},
     .gives = {json_type, "Board"},
     .handler = &set_health},
};

}  // namespace

std::span<const Route> board_routes() { return routes; }

}  // namespace hilltop::web
