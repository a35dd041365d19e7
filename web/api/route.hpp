// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "controller/views.hpp"
#include "web/api/hop.hpp"
#include "web/http/message.hpp"
#include "web/http/server.hpp"
#include "web/http/websocket.hpp"

/// The table of everything that the server answers. The OpenAPI document is made from the same rows.
namespace hilltop::web {

class ConsoleFeeds;
class EventFeed;
struct ServerFacts;

/// What a handler works with: one per I/O thread.
struct Api {
  Gate gate;
  std::shared_ptr<EventFeed> feed;
  std::shared_ptr<ConsoleFeeds> consoles;
  std::shared_ptr<const ServerFacts> facts;
};
using ApiPtr = std::shared_ptr<Api>;

/// An authenticated request.
struct Call {
  Request request;
  controller::Principal who;
};

enum class Access : std::uint8_t { open, viewer, submitter, technician, admin };  ///< `open`: no token is asked for
[[nodiscard]] std::string_view to_string(Access access) noexcept;
[[nodiscard]] bool allows(Access access, controller::Role role) noexcept;

enum class ParamType : std::uint8_t { text, integer };
struct QueryParam {
  std::string_view name;
  ParamType type = ParamType::text;
  std::string_view summary;
};

/// What goes in or comes out: a media type and, for JSON, the name of a schema of schemas.cpp.
struct Content {
  std::string_view type;
  std::string_view schema;
};
inline constexpr std::string_view json_type = "application/json";

struct Route {
  Method method = Method::get;
  std::string_view pattern;  ///< "/api/v1/boards/{name}/power"
  Access access = Access::viewer;
  std::string_view tag;  ///< the noun
  std::string_view summary;
  std::span<const QueryParam> query;
  Admission::Body body = Admission::Body::none;
  Content takes, gives;
  unsigned status = 200;  ///< of success; 101 for a WebSocket
  Task<Response> (*handler)(ApiPtr api, Call call) = nullptr;
  /// For a WebSocket: whether the talk can begin. An error is answered like any other, before the connection is taken
  /// over.
  Task<> (*check)(ApiPtr api, Call call) = nullptr;
  Task<> (*talker)(ApiPtr api, Call call, std::shared_ptr<WebSocket> socket) = nullptr;
};

inline constexpr std::size_t text_body_limit = 8 * 1024 * 1024;

[[nodiscard]] std::span<const Route> meta_routes();
[[nodiscard]] std::span<const Route> board_routes();
[[nodiscard]] std::span<const Route> console_routes();
[[nodiscard]] std::span<const Route> archive_routes();
[[nodiscard]] std::span<const Route> job_routes();
[[nodiscard]] std::span<const Route> lease_routes();
[[nodiscard]] std::span<const Route> lab_routes();
[[nodiscard]] std::span<const Route> hardware_routes();
[[nodiscard]] std::span<const Route> token_routes();
[[nodiscard]] std::span<const Route> event_routes();
[[nodiscard]] std::span<const Route> page_routes();

/// All rows, in the order of the documentation.
[[nodiscard]] const std::vector<const Route*>& all_routes();

struct Match {
  const Route* route = nullptr;  ///< nullptr: none for this method
  std::map<std::string, std::string, std::less<>> params;
  std::string allow;  ///< methods that the path has, "GET, POST"; "" when there is no such path
};
/// The row for a method and a decoded path. A literal segment wins over a parameter.
[[nodiscard]] Match find_route(std::optional<Method> method, std::string_view path);

}  // namespace hilltop::web
