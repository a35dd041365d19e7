// SPDX-License-Identifier: Apache-2.0
#include "web/http/websocket.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "web/http/connection.hpp"

namespace hilltop::web {
namespace {

namespace websocket = boost::beast::websocket;

constexpr std::size_t incoming_limit = 64 * 1024;

Error gone(const error_code& ec) {
  return Error(Errc::unavailable, Blame::infrastructure, "WebSocket: " + ec.message());
}

class BeastWebSocket final : public WebSocket {
 public:
  explicit BeastWebSocket(std::shared_ptr<Connection> connection)
      : connection_(std::move(connection)), stream_(connection_->stream) {
    stream_.read_message_max(incoming_limit);
    stream_.set_option(websocket::stream_base::timeout{10s, 30s, true});
  }
  websocket::stream<AnyStream>& stream() { return stream_; }

  Task<Message> read() override { return read_message(this); }
  Task<> write(std::string data, bool binary) override { return write_message(this, std::move(data), binary); }
  Task<> close(std::string reason) override { return say_goodbye(this, std::move(reason)); }
  void drop() override { connection_->stream.close(); }

 private:
  static Task<Message> read_message(BeastWebSocket* self) {
    error_code ec;
    boost::beast::flat_buffer buffer;
    co_await self->stream_.async_read(buffer, asio::redirect_error(asio::use_awaitable, ec));
    if (co_await is_canceled()) co_return canceled_error("WebSocket");
    if (ec) co_return gone(ec);
    Message message;
    message.data = boost::beast::buffers_to_string(buffer.data());
    message.binary = self->stream_.got_binary();
    co_return message;
  }

  static Task<> write_message(BeastWebSocket* self, std::string data, bool binary) {
    error_code ec;
    self->stream_.binary(binary);
    co_await self->stream_.async_write(asio::buffer(data), asio::redirect_error(asio::use_awaitable, ec));
    if (co_await is_canceled()) co_return canceled_error("WebSocket");
    if (ec) co_return gone(ec);
    self->connection_->counters.bytes_sent += data.size();
    co_return ok();
  }

  static Task<> say_goodbye(BeastWebSocket* self, std::string reason) {
    co_await ignore_cancellation();
    auto timeout = websocket::stream_base::timeout::suggested(boost::beast::role_type::server);
    timeout.handshake_timeout = 2s;
    self->stream_.set_option(timeout);
    websocket::close_reason why(websocket::close_code::normal);
    why.reason.assign(reason.data(), std::min<std::size_t>(reason.size(), 120));
    error_code ec;
    co_await self->stream_.async_close(why, asio::redirect_error(asio::use_awaitable, ec));
    co_return ok();
  }

  std::shared_ptr<Connection> connection_;
  websocket::stream<AnyStream> stream_;
};

}  // namespace

Task<std::shared_ptr<WebSocket>> accept_websocket(std::shared_ptr<Connection> c, std::shared_ptr<RequestParser> parser,
                                                  std::string protocol) {
  auto socket = std::make_shared<BeastWebSocket>(c);
  c->stream.expires_never();
  socket->stream().set_option(websocket::stream_base::decorator([protocol](websocket::response_type& response) {
    response.set(boost::beast::http::field::server, "hilltop");
    if (!protocol.empty()) response.set(boost::beast::http::field::sec_websocket_protocol, protocol);
  }));
  error_code ec;
  co_await socket->stream().async_accept(parser->get(), asio::redirect_error(asio::use_awaitable, ec));
  if (ec) co_return gone(ec);
  co_return std::shared_ptr<WebSocket>(std::move(socket));
}

}  // namespace hilltop::web
