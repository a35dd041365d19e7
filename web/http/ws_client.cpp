// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "web/http/client_connection.hpp"
#include "web/http/message.hpp"

namespace hilltop::web {
namespace {

namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;

/// The connection and what its operations use; they share it, so that none can outlive it.
struct Line {
  explicit Line(AnyStream s) : raw(s), stream(std::move(s)) {}
  AnyStream raw;
  websocket::stream<AnyStream> stream;
  boost::beast::flat_buffer incoming;
  bool reading = false;
  std::optional<error_code> read_outcome;
  std::optional<error_code> write_outcome;
  std::string outgoing;
};

Error refusal(const http::response<http::string_body>& answer) {
  const auto status = answer.result_int();
  const auto code = status == 401 || status == 403 ? Errc::denied
                    : status == 404                ? Errc::not_found
                    : status == 409                ? Errc::busy
                                                   : Errc::unavailable;
  auto text = answer.body();
  constexpr std::string_view key = "\"detail\":\"";  // of a problem: the server's own words
  if (const auto at = text.find(key); at != std::string::npos) {
    const auto begin = at + key.size();
    text = text.substr(begin, text.find('"', begin) - begin);
  }
  if (text.empty()) text = "the server answers with HTTP status " + std::to_string(status);
  return Error(code, code == Errc::unavailable ? Blame::infrastructure : Blame::job, text);
}

class BeastWsClient final : public WsClient {
 public:
  explicit BeastWsClient(std::string name) : name_(std::move(name)) {}
  ~BeastWsClient() override {
    if (line_) line_->raw.close();
    blocking_.io.restart();
    blocking_.io.poll();
  }

  Result<> open(const Url& url, std::string_view target, const ClientOptions& options, Deadline deadline) {
    HILLTOP_TRY(auto stream, connect_to(blocking_, url, options, deadline));
    line_ = std::make_shared<Line>(std::move(stream));
    line_->stream.set_option(websocket::stream_base::timeout{websocket::stream_base::none(), 30s, true});
    line_->stream.read_message_max(16 * 1024 * 1024);
    line_->stream.set_option(
        websocket::stream_base::decorator([headers = options.headers](websocket::request_type& request) {
          request.set(http::field::user_agent, "hilltop");
          for (const auto& [name, value] : headers) request.set(name, value);
        }));
    auto answer = std::make_shared<http::response<http::string_body>>();
    auto outcome = std::make_shared<std::optional<error_code>>();
    line_->stream.async_handshake(*answer, url.authority(), url.prefix + std::string(target),
                                  [answer, outcome, line = line_](error_code ec) { *outcome = ec; });
    if (!blocking_.drive(deadline, [&] { return outcome->has_value(); })) return too_late(name_);
    if (**outcome == websocket::error::upgrade_declined) return refusal(*answer);
    if (**outcome) return unavailable(name_, **outcome);
    return ok();
  }

  Result<WsMessage> next(Deadline deadline, int also_fd) override {
    if (!line_) return Error(Errc::unavailable, Blame::infrastructure, name_ + ": the connection is over");
    begin_read();
    auto readable = std::make_shared<bool>(false);
    Watch watch(blocking_, also_fd, readable);
    const auto happened = [&] { return line_->read_outcome.has_value() || *readable; };
    if (!blocking_.drive(deadline, happened)) return WsMessage{WsMessage::Kind::timeout, ""};
    if (!line_->read_outcome) return WsMessage{WsMessage::Kind::readable, ""};
    return take_read();
  }

  Result<> send(std::string_view data, bool binary, Deadline deadline) override {
    if (!line_) return Error(Errc::unavailable, Blame::infrastructure, name_ + ": the connection is over");
    begin_read();  // a server that is ending the connection is heard
    line_->outgoing.assign(data);
    line_->stream.binary(binary);
    line_->write_outcome.reset();
    line_->stream.async_write(asio::buffer(line_->outgoing),
                              [line = line_](error_code ec, std::size_t) { line->write_outcome = ec; });
    if (!blocking_.drive(deadline, [&] { return line_->write_outcome.has_value(); })) return end(too_late(name_));
    if (*line_->write_outcome) return Error(unavailable(name_, *line_->write_outcome));
    return ok();
  }

  void close(Deadline deadline) override {
    if (!line_) return;
    line_->write_outcome.reset();
    line_->stream.async_close(websocket::close_code::normal,
                              [line = line_](error_code ec) { line->write_outcome = ec; });
    (void)blocking_.drive(deadline, [&] { return line_->write_outcome.has_value(); });
    (void)end(Error());
  }

 private:
  /// Watches a descriptor of somebody else's: by a duplicate, so that ending the watch closes nothing of theirs.
  struct Watch {
    Watch(Blocking& blocking, int fd, std::shared_ptr<bool> readable) : io(blocking.io), descriptor(blocking.io) {
      if (fd < 0) return;
      error_code ec;
      const int copy = ::dup(fd);
      descriptor.assign(copy, ec);
      if (ec) {
        ::close(copy);
        *readable = true;
        return;
      }
      // A regular file or /dev/null is always ready: epoll refuses it, and the wait ends with that error.
      descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                            [readable](error_code e) { *readable = e != asio::error::operation_aborted; });
    }
    ~Watch() {
      error_code ignored;
      descriptor.close(ignored);
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    asio::io_context& io;
    asio::posix::stream_descriptor descriptor;
  };

  void begin_read() {
    if (line_->reading || line_->read_outcome) return;
    line_->reading = true;
    line_->stream.async_read(line_->incoming, [line = line_](error_code ec, std::size_t) {
      line->reading = false;
      line->read_outcome = ec;
    });
  }

  Result<WsMessage> take_read() {
    const auto ec = *std::exchange(line_->read_outcome, std::nullopt);
    if (ec == websocket::error::closed) {
      const auto& why = line_->stream.reason().reason;
      WsMessage goodbye{WsMessage::Kind::closed, std::string(why.data(), why.size())};
      (void)end(Error());
      return goodbye;
    }
    if (ec) {
      const bool protocol = ec.category() == websocket::make_error_code(websocket::error::bad_opcode).category();
      return end(protocol ? Error(Errc::protocol, Blame::infrastructure, name_ + ": " + ec.message())
                          : unavailable(name_, ec));
    }
    WsMessage message{line_->stream.got_binary() ? WsMessage::Kind::binary : WsMessage::Kind::text,
                      boost::beast::buffers_to_string(line_->incoming.data())};
    line_->incoming.consume(line_->incoming.size());
    return message;
  }

  Error end(Error error) {
    line_->raw.close();
    line_.reset();
    return error;
  }

  std::string name_;
  Blocking blocking_;
  std::shared_ptr<Line> line_;
};

}  // namespace

Result<std::unique_ptr<WsClient>> WsClient::connect(const std::string& base, std::string_view target,
                                                    const ClientOptions& options, Deadline deadline) {
  HILLTOP_TRY(const auto url, parse_url(base));
  auto client = std::make_unique<BeastWsClient>(url.authority());
  HILLTOP_CHECK(client->open(url, target, options, deadline));
  return std::unique_ptr<WsClient>(std::move(client));
}

}  // namespace hilltop::web
