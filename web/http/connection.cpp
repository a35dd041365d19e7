// SPDX-License-Identifier: Apache-2.0
#include "web/http/connection.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "drivers/core/log.hpp"

namespace hilltop::web {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;

std::string peer_name(const AnyStream& stream) {
  error_code ec;
  const auto endpoint = stream.socket().remote_endpoint(ec);
  return ec ? std::string("unknown") : endpoint.address().to_string() + ":" + std::to_string(endpoint.port());
}

/// The status that tells a client what was wrong with its head; 0: it is gone, say nothing.
unsigned status_for(const error_code& ec) {
  if (ec == beast::error::timeout) return 0;  // the stream has closed the socket
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow) return 431;
  if (ec == http::error::bad_transfer_encoding) return 501;
  if (ec == http::error::end_of_stream || ec == http::error::partial_message) return 0;
  return ec.category() == http::make_error_code(http::error::bad_line_ending).category() ? 400 : 0;
}

std::optional<Method> method_of(std::string_view text) {
  if (text == "GET" || text == "HEAD") return Method::get;
  if (text == "POST") return Method::post;
  if (text == "PUT") return Method::put;
  if (text == "DELETE") return Method::del;
  return std::nullopt;
}

Headers copy_headers(const http::fields& fields) {
  Headers out;
  for (const auto& field : fields) out.emplace_back(std::string(field.name_string()), std::string(field.value()));
  return out;
}

Result<Request> head_of(const Connection& connection, const RequestParser& parser) {
  const auto& message = parser.get();
  const auto text = message.target();
  HILLTOP_TRY(auto target, parse_target(std::string_view(text.data(), text.size())));
  Request request;
  request.method = method_of(std::string_view(message.method_string())).value_or(Method::get);
  request.path = std::move(target.path);
  request.query = std::move(target.query);
  request.headers = copy_headers(message);
  request.peer = connection.peer;
  return request;
}

/// Lets a client that is still sending see the answer: a reset would take it away (RFC 9112 9.6).
asio::awaitable<void> linger(std::shared_ptr<Connection> c) {
  error_code ec;
  c->stream.expires_after(2s);
  co_await c->stream.async_goodbye(asio::redirect_error(asio::use_awaitable, ec));
  std::array<char, 16384> waste{};
  for (std::size_t total = 0; !ec && total < 64 * 1024 * 1024;)
    total += co_await c->stream.async_read_some(asio::buffer(waste), asio::redirect_error(asio::use_awaitable, ec));
}

asio::awaitable<bool> refuse(std::shared_ptr<Connection> c, Response response, bool head_only, bool http_1_0) {
  c->keep_alive = false;
  if (co_await send_response(c, std::move(response), head_only, http_1_0)) co_await linger(c);
  co_return false;
}

/// What is left of a body that nobody asked for. False: too much, the connection must close.
bool body_is_there(const RequestParser& parser) { return !parser.is_done(); }

asio::awaitable<bool> talk(std::shared_ptr<Connection> c, std::shared_ptr<RequestParser> parser, Request request,
                           Admission admission) {
  auto socket = co_await accept_websocket(c, parser, admission.websocket_protocol);
  if (!socket) co_return false;
  c->websocket = true;
  ++c->counters.websockets;
  const auto ended = co_await admission.talk(std::move(request), *socket);
  if (!ended && ended.error().blame == Blame::bug) log::warn("web: {}: {}", c->peer, ended.error().text);
  --c->counters.websockets;
  (*socket)->drop();
  co_return false;
}

asio::awaitable<bool> answer_admitted(std::shared_ptr<Connection> c, std::shared_ptr<RequestParser> parser,
                                      Request request, Admission admission) {
  const bool head_only = parser->get().method() == http::verb::head;
  const bool http_1_0 = parser->get().version() < 11;
  if (const auto status = co_await read_body(c, parser, admission, request); status != 0) {
    if (status == 1) co_return false;  // the client is gone
    auto problem = c->thread.application->problem(status, "the body cannot be taken");
    co_return co_await refuse(c, std::move(problem), head_only, http_1_0);
  }
  auto response = co_await admission.answer(std::move(request));
  if (response.status >= 500) ++c->counters.errors;
  co_return co_await send_response(c, std::move(response), head_only, http_1_0) && c->keep_alive;
}

/// Handles the request whose head is in `parser`. False: the connection is over.
asio::awaitable<bool> handle(std::shared_ptr<Connection> c, std::shared_ptr<RequestParser> parser) {
  ++c->counters.requests;
  const auto& message = parser->get();
  const bool head_only = message.method() == http::verb::head;
  const bool http_1_0 = message.version() < 11;
  c->keep_alive = message.keep_alive() && !c->thread.stopping;
  auto head = head_of(*c, *parser);
  if (!head) co_return co_await refuse(c, c->thread.application->problem(400, head.error().text), head_only, http_1_0);
  const std::string method(message.method_string());
  const bool upgrade = boost::beast::websocket::is_upgrade(message);
  auto verdict = co_await c->thread.application->admit(*head, method, upgrade);
  if (auto* response = std::get_if<Response>(&verdict)) {
    if (body_is_there(*parser)) co_return co_await refuse(c, std::move(*response), head_only, http_1_0);
    co_return co_await send_response(c, std::move(*response), head_only, http_1_0) && c->keep_alive;
  }
  auto& admission = std::get<Admission>(verdict);
  if (admission.talk) co_return co_await talk(c, parser, *std::move(head), std::move(admission));
  co_return co_await answer_admitted(c, parser, *std::move(head), std::move(admission));
}

/// Waits for the first byte of a request: an idle connection has more patience than one in the middle of a head.
asio::awaitable<bool> wait_for_request(std::shared_ptr<Connection> c) {
  if (c->buffer.size() > 0) co_return true;
  error_code ec;
  c->idle = true;
  c->stream.expires_after(4 * c->options.header_time);
  const auto n =
      co_await c->stream.async_read_some(c->buffer.prepare(16384), asio::redirect_error(asio::use_awaitable, ec));
  c->buffer.commit(n);
  c->idle = false;
  co_return !ec;
}

asio::awaitable<bool> serve_one(std::shared_ptr<Connection> c) {
  if (!co_await wait_for_request(c)) co_return false;
  auto parser = std::make_shared<RequestParser>();
  parser->header_limit(static_cast<std::uint32_t>(c->options.header_limit));
  parser->body_limit(boost::none);  // read_body() counts
  error_code ec;
  c->stream.expires_after(c->options.header_time);
  co_await http::async_read_header(c->stream, c->buffer, *parser, asio::redirect_error(asio::use_awaitable, ec));
  if (!ec) co_return co_await handle(c, parser);
  const auto status = status_for(ec);
  if (status == 0 || co_await is_canceled()) co_return false;
  co_return co_await refuse(c, c->thread.application->problem(status, ec.message()), false, false);
}

}  // namespace

Task<> serve_connection(std::shared_ptr<Connection> c) {
  c->peer = peer_name(c->stream);
  error_code ec;
  c->stream.expires_after(c->options.header_time);
  co_await c->stream.async_handshake(asio::redirect_error(asio::use_awaitable, ec));
  if (ec) co_return ok();  // not a TLS client: nobody to tell
  while (!c->thread.stopping && co_await serve_one(c)) {
  }
  if (!c->websocket) {
    c->stream.expires_after(2s);
    co_await c->stream.async_goodbye(asio::redirect_error(asio::use_awaitable, ec));
  }
  c->stream.close();
  co_return ok();
}

}  // namespace hilltop::web
