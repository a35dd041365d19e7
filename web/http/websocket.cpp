// SPDX-License-Identifier: Apache-2.0
// Beast shakes hands; the frames are our own, so that one frame can be sent to many connections as it is.
#include "web/http/websocket.hpp"

#include <netinet/tcp.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "web/http/connection.hpp"
#include "web/http/frame_line.hpp"

namespace hilltop::web {
namespace {

namespace websocket = boost::beast::websocket;

constexpr std::size_t incoming_limit = 64 * 1024;
constexpr auto silence = 15s;
constexpr auto goodbye_time = 2s;
/// What the kernel keeps for a client that does not read, beyond what is under way to it.
constexpr int unsent_limit = 128 * 1024;

Error gone(const std::string& why) { return {Errc::unavailable, Blame::infrastructure, "WebSocket: " + why}; }

/// Keeps track of one client: what it sends, what goes out to it, and whether it is still there.
class FramedWebSocket final : public WebSocket, public std::enable_shared_from_this<FramedWebSocket> {
 public:
  explicit FramedWebSocket(std::shared_ptr<Connection> connection)
      : connection_(std::move(connection)),
        line_(std::make_shared<FrameLine>(connection_->stream, connection_->counters.bytes_sent)),
        reader_(incoming_limit),
        timer_(connection_->stream.get_executor()),
        said_goodbye_(connection_->stream.get_executor()) {
    // What the client sent right behind its request.
    const auto early = connection_->buffer.data();
    unread_.assign(static_cast<const char*>(early.data()), early.size());
    connection_->buffer.consume(early.size());
  }
  ~FramedWebSocket() override { drop(); }
  FramedWebSocket(const FramedWebSocket&) = delete;
  FramedWebSocket& operator=(const FramedWebSocket&) = delete;

  void begin() {
    error_code ignored;
    using UnsentLimit = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;
    connection_->stream.socket().set_option(UnsentLimit(unsent_limit), ignored);
    watch_silence();
  }

  Task<Message> read() override { return read_message(shared_from_this()); }
  Task<> write(std::string data, bool binary) override {
    return write_message(shared_from_this(),
                         std::make_shared<const std::string>(make_frame(binary ? Opcode::binary : Opcode::text, data)));
  }
  Task<> close(std::string reason) override { return say_goodbye(shared_from_this(), std::move(reason)); }
  void drop() override {
    timer_.cancel();
    line_->drop();
    said_goodbye_.notify();
  }
  [[nodiscard]] bool is_idle() const override { return line_->is_idle(); }
  bool offer(FramePtr frame) override { return line_->offer(std::move(frame)); }
  [[nodiscard]] int direct_descriptor() const override { return line_->direct_descriptor(); }
  void sent_directly(FramePtr frame, std::int64_t sent) override { line_->sent_directly(std::move(frame), sent); }
  void when_idle(std::function<void()> idle) override { line_->when_idle(std::move(idle)); }

 private:
  using Self = std::shared_ptr<FramedWebSocket>;

  /// Pings a client that says nothing; drops one that does not even answer that.
  void watch_silence() {
    timer_.expires_at(last_word_ + silence);
    timer_.async_wait([weak = weak_from_this()](error_code ec) {
      const auto self = weak.lock();
      if (ec || !self) return;
      if (Deadline::Clock::now() - self->last_word_ >= silence) {
        if (std::exchange(self->pinged_, true)) return self->drop();
        self->last_word_ = Deadline::Clock::now();  // ours: the client has as long again
        self->line_->ping();
      }
      self->watch_silence();
    });
  }

  /// Answers a control frame. False: the client has said goodbye.
  bool answer(FrameReader::Item& item) {
    if (item.opcode == Opcode::ping) line_->pong(item.data);
    if (item.opcode != Opcode::close) return true;
    line_->goodbye(make_frame(Opcode::close, item.data));  // once, whoever says it first
    peer_closed_ = true;
    said_goodbye_.notify();
    return false;
  }

  /// The next message that is whole in what has come; nothing: more is wanted.
  Result<std::optional<Message>> next_message() {
    std::string_view rest = std::string_view(unread_).substr(unread_at_);
    for (;;) {
      auto item = reader_.next(rest);
      unread_at_ = unread_.size() - rest.size();
      if (!item) {
        line_->goodbye(make_close_frame(reader_.close_code(), item.error().text));
        return gone(item.error().text);
      }
      if (!*item) return std::optional<Message>();
      if (!answer(**item)) return gone("the client has closed");
      if ((*item)->opcode == Opcode::text || (*item)->opcode == Opcode::binary)
        return std::optional(Message{std::move((*item)->data), (*item)->opcode == Opcode::binary});
    }
  }

  static Task<> receive(Self self) {
    error_code ec;
    constexpr std::size_t piece = 4096;
    self->unread_.resize(piece);
    const auto n = co_await self->connection_->stream.async_read_some(asio::buffer(self->unread_),
                                                                      asio::redirect_error(asio::use_awaitable, ec));
    self->unread_.resize(n);
    self->unread_at_ = 0;
    if (co_await is_canceled()) co_return canceled_error("WebSocket");
    if (ec) co_return gone(ec.message());
    self->last_word_ = Deadline::Clock::now();
    self->pinged_ = false;
    co_return ok();
  }

  static Task<Message> read_message(Self self) {
    self->reading_ = true;
    auto out = co_await read_until_whole(self);
    self->reading_ = false;
    if (!out) self->said_goodbye_.notify();  // nobody will hear it any more
    co_return out;
  }

  static Task<Message> read_until_whole(Self self) {
    if (self->peer_closed_) co_return gone("the client has closed");
    for (;;) {
      auto message = self->next_message();
      if (!message) {  // our goodbye goes out before who reads ends the connection
        (void)co_await FrameLine::flush(self->line_, Deadline::after(goodbye_time));
        co_return std::move(message).error();
      }
      if (*message) co_return **std::move(message);
      HILLTOP_CO_CHECK(co_await receive(self));
    }
  }

  static Task<> write_message(Self self, FramePtr frame) {
    const auto line = self->line_;
    HILLTOP_CO_CHECK(co_await FrameLine::send(line, std::move(frame)));
    co_return ok();
  }

  static Task<> say_goodbye(Self self, std::string reason) {
    co_await ignore_cancellation();
    const auto until = Deadline::after(goodbye_time);
    self->line_->goodbye(make_close_frame(CloseCode::normal, reason));
    (void)co_await FrameLine::flush(self->line_, until);
    if (self->reading_) {  // whoever reads hears the answer
      while (!self->peer_closed_ && self->reading_ && co_await self->said_goodbye_.wait(until)) {
      }
      co_return ok();
    }
    self->connection_->stream.expires_after(until.left());
    while (!self->peer_closed_ && co_await read_message(self)) {
    }
    co_return ok();
  }

  std::shared_ptr<Connection> connection_;
  std::shared_ptr<FrameLine> line_;
  FrameReader reader_;
  std::string unread_;
  std::size_t unread_at_ = 0;
  asio::steady_timer timer_;
  Event said_goodbye_;
  bool reading_ = false, peer_closed_ = false;
  bool pinged_ = false;
  Deadline::Clock::time_point last_word_ = Deadline::Clock::now();
};

}  // namespace

Task<std::shared_ptr<WebSocket>> accept_websocket(std::shared_ptr<Connection> c, std::shared_ptr<RequestParser> parser,
                                                  std::string protocol) {
  c->stream.expires_never();
  websocket::stream<AnyStream> handshake(c->stream);  // copies of a stream stand for the same connection
  handshake.set_option(websocket::stream_base::timeout{10s, websocket::stream_base::none(), false});
  handshake.set_option(websocket::stream_base::decorator([protocol](websocket::response_type& response) {
    response.set(boost::beast::http::field::server, "hilltop");
    if (!protocol.empty()) response.set(boost::beast::http::field::sec_websocket_protocol, protocol);
  }));
  error_code ec;
  co_await handshake.async_accept(parser->get(), asio::redirect_error(asio::use_awaitable, ec));
  if (ec) co_return gone(ec.message());
  auto socket = std::make_shared<FramedWebSocket>(std::move(c));
  socket->begin();
  co_return std::shared_ptr<WebSocket>(std::move(socket));
}

}  // namespace hilltop::web
