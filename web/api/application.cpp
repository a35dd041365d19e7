// SPDX-License-Identifier: Apache-2.0
#include "web/api/application.hpp"

#include <cctype>

#include "web/api/problem.hpp"

namespace hilltop::web {
namespace {

constexpr std::string_view token_protocol = "hilltop.token.";

/// Runs `on_item` for each of a header's comma-separated items.
template <class F>
void for_each_item(std::string_view list, F on_item) {
  while (!list.empty()) {
    const auto end = list.find(',');
    auto item = list.substr(0, end);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) on_item(item);
    list = end == std::string_view::npos ? std::string_view() : list.substr(end + 1);
  }
}

/// The token of a request. Browsers cannot set a header for a WebSocket: there it may stand in the query or a
/// subprotocol.
std::string token_of(const Request& request, bool websocket) {
  constexpr std::string_view bearer = "Bearer ";
  const auto header = request.header("Authorization");
  if (header.size() > bearer.size() && equals_ignoring_case(header.substr(0, bearer.size()), bearer))
    return std::string(header.substr(bearer.size()));
  if (!websocket) return {};
  std::string token = request.query_value("token").value_or("");
  for_each_item(request.header("Sec-WebSocket-Protocol"), [&](std::string_view item) {
    if (token.empty() && item.starts_with(token_protocol)) token = std::string(item.substr(token_protocol.size()));
  });
  return token;
}

/// The subprotocol to name in the answer: one that the client offered, or it ends the connection. Source: RFC 6455 4.1.
std::string protocol_of(const Request& request) {
  std::string chosen;
  for_each_item(request.header("Sec-WebSocket-Protocol"), [&](std::string_view item) {
    if (item == "hilltop" || (chosen.empty() && item.starts_with(token_protocol))) chosen = std::string(item);
  });
  return chosen;
}

/// FNV-1a, 64 bit: to tell whether a body has changed, not to protect it. Source: draft-eastlake-fnv.
std::string tag_of(std::string_view body) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : body) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  char text[24];
  std::snprintf(text, sizeof text, "W/\"%016llx\"", static_cast<unsigned long long>(hash));
  return text;
}

void add_header(Response& response, std::string_view name, std::string_view value) {
  if (response.header(name).empty()) response.headers.emplace_back(name, value);
}

void add_security_headers(Response& response) {
  add_header(response, "X-Content-Type-Options", "nosniff");
  add_header(response, "Referrer-Policy", "no-referrer");
  add_header(response, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  add_header(response, "Cache-Control", "no-cache");
}

/// Bodies that were made whole get a tag; a client that has that very body is told so.
void add_tag(Response& response, const std::string& known_tags) {
  const auto* body = std::get_if<std::string>(&response.body);
  if (body == nullptr || response.status != 200) return;
  const auto tag = tag_of(*body);
  response.headers.emplace_back("ETag", tag);
  bool known = false;
  for_each_item(known_tags, [&](std::string_view item) { known = known || item == tag || item == "*"; });
  if (!known) return;
  response.status = 304;
  response.body = std::string();
}

asio::awaitable<Response> answer(ApiPtr api, const Route* route, controller::Principal who, Request request) {
  const auto known_tags = std::string(request.header("If-None-Match"));
  const bool get = request.method == Method::get;
  Call call{std::move(request), std::move(who)};
  auto result = co_await route->handler(std::move(api), std::move(call));
  auto response = result ? *std::move(result) : problem(result.error());
  if (get) add_tag(response, known_tags);
  add_security_headers(response);
  co_return response;
}

Response refusal(unsigned status, std::string detail) {
  auto response = problem(status, std::move(detail));
  add_security_headers(response);
  return response;
}

Response refusal(const Error& error) {
  auto response = problem(error);
  add_security_headers(response);
  return response;
}

Task<controller::Principal> who_asks(ApiPtr api, const Route* route, std::string token) {
  controller::Principal nobody;
  if (route->access == Access::open) co_return nobody;
  co_return co_await hop(api->gate, &controller::Farm::authenticate, std::move(token));
}

std::optional<Method> method_from(std::string_view name) {
  for (const auto method : {Method::get, Method::post, Method::put, Method::del})
    if (to_string(method) == name) return method;
  return name == "HEAD" ? std::optional(Method::get) : std::nullopt;
}

class ApiApplication final : public Application {
 public:
  explicit ApiApplication(ApiPtr api) : api_(std::move(api)) {}
  ~ApiApplication() override { api_->gate.home->close(); }

  asio::awaitable<std::variant<Response, Admission>> admit(const Request& head, std::string_view method,
                                                           bool wants_websocket) override {
    return admit_request(api_, head, std::string(method), wants_websocket);
  }
  Response problem(unsigned status, std::string detail) override { return refusal(status, std::move(detail)); }

 private:
  using Verdict = std::variant<Response, Admission>;

  static std::optional<Response> refuse_before_token(const Match& match, const Request& head, bool wants_websocket) {
    if (match.allow.empty()) return refusal(404, "there is no " + head.path);
    if (match.route == nullptr) {
      auto response = refusal(405, head.path + " takes " + match.allow);
      response.headers.emplace_back("Allow", match.allow);
      return response;
    }
    const bool socket = match.route->talker != nullptr;
    if (socket && !wants_websocket) {
      auto response = refusal(426, head.path + " is a WebSocket");
      response.headers.emplace_back("Upgrade", "websocket");
      return response;
    }
    if (!socket && wants_websocket) return refusal(400, head.path + " is no WebSocket");
    return std::nullopt;
  }

  static asio::awaitable<Verdict> admit_request(ApiPtr api, const Request& head, std::string method,
                                                bool wants_websocket) {
    auto match = find_route(method_from(method), head.path);
    if (auto no = refuse_before_token(match, head, wants_websocket)) co_return *std::move(no);
    const auto* route = match.route;
    auto token = token_of(head, wants_websocket);
    if (token.empty() && route->access != Access::open)
      co_return refusal(401, "no token: send it as 'Authorization: Bearer TOKEN'");
    auto who = co_await who_asks(api, route, std::move(token));
    if (!who) {
      const bool denied = who.error().code == Errc::denied;
      co_return denied ? refusal(401, who.error().text) : refusal(status_of(who.error()), who.error().text);
    }
    if (route->access != Access::open && !allows(route->access, who->role))
      co_return refusal(403, "this needs the role " + std::string(to_string(route->access)) + "; the token's is " +
                                 std::string(controller::to_string(who->role)));
    if (route->check != nullptr) {
      Call call{head, *who};
      call.request.params = match.params;
      if (auto can = co_await route->check(api, std::move(call)); !can) co_return refusal(can.error());
    }
    co_return admission(std::move(api), route, *std::move(who), std::move(match.params), protocol_of(head));
  }

  static Verdict admission(ApiPtr api, const Route* route, controller::Principal who,
                           std::map<std::string, std::string, std::less<>> params, std::string protocol) {
    Admission out;
    out.body = route->body;
    out.text_limit = route->body == Admission::Body::text ? text_body_limit : 0;
    out.websocket_protocol = std::move(protocol);
    if (route->handler != nullptr) {
      out.answer = [api, route, who, params](Request request) {
        request.params = params;
        return web::answer(api, route, who, std::move(request));
      };
    } else {
      out.talk = [api, route, who, params](Request request, std::shared_ptr<WebSocket> socket) {
        request.params = params;
        return route->talker(api, Call{std::move(request), who}, std::move(socket));
      };
    }
    return out;
  }

  ApiPtr api_;
};

}  // namespace

std::shared_ptr<Application> make_application(ApiPtr api) { return std::make_shared<ApiApplication>(std::move(api)); }

}  // namespace hilltop::web
