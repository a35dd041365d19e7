// SPDX-License-Identifier: Apache-2.0
#include "web/api/json_body.hpp"
#include "web/api/operate.hpp"
#include "web/api/problem.hpp"
#include "web/ws/streams.hpp"

namespace hilltop::web {
namespace {

constexpr std::uint64_t most_bytes = 1 << 20;

/// Bytes of the transcript, exactly as the board sent them.
Task<Response> read_console(ApiPtr api, Call call) {
  controller::ConsoleRead command;
  command.board = call.request.param("name");
  command.console = call.request.query_value("console").value_or("");
  HILLTOP_CO_TRY(command.from, integer_query(call.request, "from", 0));
  HILLTOP_CO_TRY(const auto most, integer_query(call.request, "max", 65536, most_bytes));
  command.max = static_cast<std::uint32_t>(most);
  command.exact = true;
  HILLTOP_CO_TRY(auto reply, co_await hop(api->gate, &look, call.who, command.board, controller::WorkerCommand(command),
                                          Deadline::after(10s)));
  Response response(200, "application/octet-stream", "");
  response.headers.emplace_back("X-Hilltop-Offset", std::to_string(reply.offset));
  response.headers.emplace_back("X-Hilltop-End", std::to_string(reply.offset + reply.bytes.size()));
  response.body = std::move(reply.bytes);
  co_return response;
}

/// Opens a port for tools that know serial ports over the network.
Task<Response> serve_console(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(const auto body, JsonBody::read(call.request.body, {"console", "protocol", "address", "port"}));
  controller::ConsoleExport command;
  command.board = call.request.param("name");
  command.name = call.who.user;
  HILLTOP_CO_TRY(command.console, body.text_or("console", ""));
  HILLTOP_CO_TRY(command.protocol, body.text_or("protocol", "rfc2217"));
  HILLTOP_CO_TRY(command.address, body.text_or("address", "127.0.0.1"));
  HILLTOP_CO_TRY(const auto port, body.integer_or("port", 0, 0, UINT16_MAX));
  command.port = static_cast<std::uint32_t>(port);
  if (command.protocol != "raw" && command.protocol != "rfc2217")
    co_return Error(Errc::bad_input, Blame::job, "protocol: must be one of raw, rfc2217");
  // Who connects is asked nothing: beyond this machine that is for the lab to decide.
  if (command.address != "127.0.0.1" && command.address != "::1" && call.who.role < controller::Role::technician)
    co_return Error(Errc::denied, Blame::job,
                    "a port at another address than 127.0.0.1 needs the role technician: whoever reaches it may type");
  HILLTOP_CO_TRY(const auto reply, co_await hop(api->gate, &operate, call.who, command.board,
                                                controller::WorkerCommand(command), Deadline::after(10s)));
  co_return json_response({{"where", reply.text}, {"protocol", command.protocol}}, 201);
}

Task<Response> end_ports(ApiPtr api, Call call) {
  controller::ConsoleUnexport command{call.request.param("name")};
  HILLTOP_CO_CHECK(co_await hop(api->gate, &operate, call.who, command.board, controller::WorkerCommand(command),
                                Deadline::after(10s)));
  co_return json_response(nlohmann::json::object());
}

constexpr QueryParam read_query[] = {{"console", ParamType::text, "name; without it the board's first"},
                                     {"from", ParamType::integer, "offset of the first byte"},
                                     {"max", ParamType::integer, "bytes, at most 1048576"}};
constexpr QueryParam stream_query[] = {
    {"console", ParamType::text, "name; without it the board's first"},
    {"from", ParamType::integer, "offset of the first byte; without it: from now on"},
    {"since", ParamType::text, "instead of from: a time, or how long ago (10m)"},
    {"write", ParamType::integer, "1: bytes that are sent are typed"},
    {"take", ParamType::integer, "1: whoever types there now is put out"},
    {"client", ParamType::text,
     "letters and digits, at most 64, that the client made up and sends again when it comes back after a lost "
     "connection: it then takes over from the one before"},
    {"token", ParamType::text, "where no header can be sent"}};
constexpr QueryParam log_query[] = {{"from", ParamType::integer, "number of the first line, from 1"},
                                    {"token", ParamType::text, "where no header can be sent"}};

constexpr Route routes[] = {
    {.pattern = "/api/v1/boards/{name}/console",
     .tag = "consoles",
     .summary = "Bytes of the transcript; X-Hilltop-Offset and X-Hilltop-End say which.",
     .query = read_query,
     .gives = {"application/octet-stream", ""},
     .handler = &read_console},
    {.pattern = "/api/v1/boards/{name}/console/ws",
     .tag = "consoles",
     .summary = "The console, live: {\"offset\"} first, then bytes in binary frames; {\"gap\":{\"from\",\"to\"}} where "
                "the client was too slow, or the transcript has deleted them; {\"end\"} when the right to type ends. "
                "Typing needs the board's lease or the role technician.",
     .query = stream_query,
     .status = 101,
     .check = &check_console,
     .talker = &stream_console},
    {.method = Method::post,
     .pattern = "/api/v1/boards/{name}/console/ports",
     .tag = "consoles",
     .summary =
         "Serves the console at a TCP port (RFC 2217, or raw) until the lease ends. Needs the board's lease or the "
         "role technician.",
     .body = Admission::Body::text,
     .takes = {json_type, "PortRequest"},
     .gives = {json_type, "Port"},
     .status = 201,
     .handler = &serve_console},
    {.method = Method::del,
     .pattern = "/api/v1/boards/{name}/console/ports",
     .tag = "consoles",
     .summary = "Closes all ports at which the board's consoles are served.",
     .gives = {json_type, "Empty"},
     .handler = &end_ports},
    {.pattern = "/api/v1/jobs/{id}/log/ws",
     .tag = "jobs",
     .summary = "The log, live: JSON lines in text frames, {\"end\":true} last.",
     .query = log_query,
     .status = 101,
     .check = &check_job_log,
     .talker = &stream_job_log},
};

}  // namespace

std::span<const Route> console_routes() { return routes; }

}  // namespace hilltop::web
