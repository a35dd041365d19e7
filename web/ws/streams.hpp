// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "web/api/route.hpp"

/// What goes over WebSockets. Each ends when its client leaves or the server stops.
namespace hilltop::web {

/// GET /api/v1/events/ws
Task<> stream_events(ApiPtr api, Call call, std::shared_ptr<WebSocket> socket);
/// Whether the job is there and the request makes sense.
Task<> check_job_log(ApiPtr api, Call call);
/// Whether the board is there, the request makes sense, and typing is allowed where it is wanted.
Task<> check_console(ApiPtr api, Call call);
/// Whether the request makes sense.
Task<> check_events(ApiPtr api, Call call);

/// GET /api/v1/jobs/{id}/log/ws
Task<> stream_job_log(ApiPtr api, Call call, std::shared_ptr<WebSocket> socket);
/// GET /api/v1/boards/{name}/console/ws
Task<> stream_console(ApiPtr api, Call call, std::shared_ptr<WebSocket> socket);

/// Runs `send` while `receive` reads what the client says; the end of either ends the other. The result is `send`'s,
/// unless `receive` failed with something else than the client's leaving.
Task<> both_ways(std::shared_ptr<WebSocket> socket, asio::any_io_executor io, Task<> send, Task<> receive);

/// Reads and drops what the client says, until it leaves.
Task<> ignore_incoming(std::shared_ptr<WebSocket> socket);

}  // namespace hilltop::web
