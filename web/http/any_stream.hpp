// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/role.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "drivers/core/deadline.hpp"
#include "drivers/core/result.hpp"

namespace boost::asio::ssl {
class context;
}

namespace hilltop::web {

namespace asio = boost::asio;
using boost::system::error_code;

/// A completion handler of any type, with its executor and cancellation slot. (Asio 1.81's own any_completion_handler
/// cannot be posted.)
template <class... Args>
class ErasedHandler {
 public:
  using executor_type = asio::any_io_executor;
  using cancellation_slot_type = asio::cancellation_slot;

  template <class H>
  ErasedHandler(H handler, const asio::any_io_executor& fallback)
      : executor_(asio::get_associated_executor(handler, fallback)),
        slot_(asio::get_associated_cancellation_slot(handler)),
        call_(std::move(handler)) {}
  [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }
  [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept { return slot_; }
  void operator()(Args... args) { std::exchange(call_, nullptr)(args...); }

 private:
  asio::any_io_executor executor_;
  asio::cancellation_slot slot_;
  std::move_only_function<void(Args...)> call_;
};

/// A TCP connection with or without TLS behind one type, so that what is built on it (HTTP, WebSocket) is compiled
/// once. Models Beast's AsyncStream. Only web/http includes this. Thread: of its executor; copies stand for the same
/// connection.
class AnyStream {
 public:
  using executor_type = asio::any_io_executor;
  using Handler = ErasedHandler<error_code, std::size_t>;
  using DoneHandler = ErasedHandler<error_code>;

  /// A few buffers, copied: a gathered write.
  struct Gather {
    static constexpr std::size_t most = 8;
    std::array<asio::const_buffer, most> list{};
    std::size_t count = 0;
    using value_type = asio::const_buffer;
    using const_iterator = const asio::const_buffer*;
    [[nodiscard]] const_iterator begin() const { return list.data(); }
    [[nodiscard]] const_iterator end() const { return list.data() + count; }
  };

  struct Transport {
    virtual ~Transport() = default;
    virtual asio::any_io_executor executor() = 0;
    virtual void read_some(asio::mutable_buffer into, Handler handler) = 0;
    virtual void write_some(Gather from, Handler handler) = 0;
    virtual void handshake(DoneHandler handler) = 0;
    virtual void say_goodbye(DoneHandler handler) = 0;  ///< TLS close_notify; then no more is sent
    virtual void expires_after(Deadline::Clock::duration time) = 0;
    virtual void expires_never() = 0;
    virtual asio::ip::tcp::socket& socket() = 0;
    virtual int plain_descriptor() = 0;
    virtual void close() = 0;
  };

  static AnyStream plain(asio::ip::tcp::socket socket);
  static AnyStream tls_server(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> context);
  /// `host` is checked against the certificate when `verify`.
  static Result<AnyStream> tls_client(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> context,
                                      const std::string& host, bool verify);

  executor_type get_executor() const { return transport_->executor(); }
  asio::ip::tcp::socket& socket() const { return transport_->socket(); }
  /// The open socket where what is written to it is what the peer gets; -1: TLS, or closed.
  int plain_descriptor() const { return transport_->plain_descriptor(); }
  /// The reads and writes that run, and those to come, fail with beast::error::timeout after `time`.
  void expires_after(Deadline::Clock::duration time) const { transport_->expires_after(time); }
  void expires_never() const { transport_->expires_never(); }
  /// Ends everything that runs on the connection.
  void close() const { transport_->close(); }

  template <class Token>
  auto async_handshake(Token&& token) const {
    return asio::async_initiate<Token, void(error_code)>(
        [](auto handler, Transport* t) { t->handshake(DoneHandler(std::move(handler), t->executor())); }, token,
        transport_.get());
  }
  template <class Token>
  auto async_goodbye(Token&& token) const {
    return asio::async_initiate<Token, void(error_code)>(
        [](auto handler, Transport* t) { t->say_goodbye(DoneHandler(std::move(handler), t->executor())); }, token,
        transport_.get());
  }
  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    asio::mutable_buffer into;
    for (auto it = asio::buffer_sequence_begin(buffers); it != asio::buffer_sequence_end(buffers) && into.size() == 0;
         ++it)
      into = *it;
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [](auto handler, Transport* t, asio::mutable_buffer b) {
          t->read_some(b, Handler(std::move(handler), t->executor()));
        },
        token, transport_.get(), into);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    Gather from;
    for (auto it = asio::buffer_sequence_begin(buffers); it != asio::buffer_sequence_end(buffers); ++it) {
      const asio::const_buffer b(*it);
      if (b.size() != 0 && from.count < Gather::most) from.list[from.count++] = b;
    }
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [](auto handler, Transport* t, Gather b) { t->write_some(b, Handler(std::move(handler), t->executor())); },
        token, transport_.get(), from);
  }

 private:
  explicit AnyStream(std::shared_ptr<Transport> transport) : transport_(std::move(transport)) {}
  std::shared_ptr<Transport> transport_;

  friend void beast_close_socket(AnyStream& stream) { stream.close(); }
  friend void teardown(boost::beast::role_type, AnyStream& stream, error_code& ec) {
    stream.close();
    ec = {};
  }
  template <class TeardownHandler>
  friend void async_teardown(boost::beast::role_type, AnyStream& stream, TeardownHandler&& handler) {
    stream.transport_->say_goodbye(DoneHandler(std::forward<TeardownHandler>(handler), stream.get_executor()));
  }
};

/// TLS 1.2 and later with `certificate` (chain) and `key`, PEM. Errors: configuration, naming the file.
[[nodiscard]] Result<std::shared_ptr<asio::ssl::context>> server_tls(const std::string& certificate,
                                                                     const std::string& key);
/// With the system's or `ca_file`'s authorities. Errors: configuration.
[[nodiscard]] Result<std::shared_ptr<asio::ssl::context>> client_tls(const std::string& ca_file, bool verify);

}  // namespace hilltop::web
