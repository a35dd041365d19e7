// SPDX-License-Identifier: Apache-2.0
// What is plugged into the worker, and what keeps its boards from working.
#include <nlohmann/json.hpp>

#include "web/api/application.hpp"
#include "web/api/json_body.hpp"
#include "web/api/operate.hpp"
#include "web/api/problem.hpp"

namespace hilltop::web {
namespace {

using nlohmann::json;

constexpr auto discover_time = 20s;
constexpr auto doctor_time = 120s;
constexpr auto identify_time = 60s;

Task<controller::WorkerReply> ask_worker(std::shared_ptr<controller::Farm> farm, controller::WorkerCommand command,
                                         Deadline deadline) {
  co_return co_await farm->worker().call(std::move(command), deadline);
}

/// The worker's JSON, as it is.
Result<Response> response_of(const controller::WorkerReply& reply) {
  auto body = json::parse(reply.text, nullptr, false);
  if (body.is_discarded()) return Error(Errc::protocol, Blame::bug, "the worker's answer is no JSON");
  return json_response(body);
}

Task<Response> discover(ApiPtr api, Call) {
  HILLTOP_CO_TRY(auto reply,
                 co_await hop(api->gate, &ask_worker, controller::WorkerCommand(controller::DiscoverHardware{}),
                              Deadline::after(discover_time)));
  co_return response_of(reply);
}

Task<Response> doctor(ApiPtr api, Call) {
  HILLTOP_CO_TRY(auto reply,
                 co_await hop(api->gate, &ask_worker, controller::WorkerCommand(controller::CheckHardware{}),
                              Deadline::after(doctor_time)));
  co_return response_of(reply);
}

Task<Response> identify(ApiPtr api, Call call) {
  controller::IdentifyBoard command{call.request.param("name")};
  HILLTOP_CO_TRY(auto reply, co_await hop(api->gate, &operate, call.who, command.board,
                                          controller::WorkerCommand(command), Deadline::after(identify_time)));
  co_return response_of(reply);
}

constexpr Route routes[] = {
    {.pattern = "/api/v1/discover",
     .access = Access::technician,
     .tag = "lab",
     .summary = "Every USB device and serial port of the worker, who has it, and what it may be.",
     .gives = {json_type, "Discovery"},
     .handler = &discover},
    {.pattern = "/api/v1/lab/doctor",
     .access = Access::technician,
     .tag = "lab",
     .summary = "What keeps the lab's boards from working: rights, missing devices and tools.",
     .gives = {json_type, "Doctor"},
     .handler = &doctor},
    {.method = Method::post,
     .pattern = "/api/v1/boards/{name}/identify",
     .tag = "boards",
     .summary =
         "What the board's debug probe says of itself and of the chip. Needs the board's lease or the role technician.",
     .gives = {json_type, "Identity"},
     .handler = &identify},
};

}  // namespace

std::span<const Route> hardware_routes() { return routes; }

}  // namespace hilltop::web
