// SPDX-License-Identifier: Apache-2.0
#include "web/http/server.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>

#include "drivers/core/log.hpp"
#include "web/http/connection.hpp"

namespace hilltop::web {
namespace {

using asio::ip::tcp;

/// What the accepting coroutine needs; outlives it, for the server joins its threads.
struct Listening {
  ListenOptions options;
  std::shared_ptr<asio::ssl::context> tls;
  std::deque<IoThread> threads;
  std::unique_ptr<tcp::acceptor> acceptor;
};

AnyStream make_stream(const Listening& listening, tcp::socket socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  return listening.tls ? AnyStream::tls_server(std::move(socket), listening.tls) : AnyStream::plain(std::move(socket));
}

/// Runs on the connection's own thread.
void begin_connection(Listening& listening, IoThread& thread, tcp::socket socket) {
  if (thread.stopping || listening.options.counters->open >= listening.options.max_connections) {
    if (!thread.stopping)
      log::warn("web: more than {} connections: one is turned away", listening.options.max_connections);
    return;  // the socket closes
  }
  auto connection = std::make_shared<Connection>(thread, listening.options, *listening.options.counters,
                                                 make_stream(listening, std::move(socket)));
  auto* raw = connection.get();
  raw->task = thread.scope->spawn("connection", serve_connection(std::move(connection)));
}

Task<> accept_clients(Listening* listening) {
  for (std::size_t next = 0; listening->acceptor->is_open(); next = (next + 1) % listening->threads.size()) {
    auto& thread = listening->threads[next];
    error_code ec;
    auto socket = co_await listening->acceptor->async_accept(thread.io.get_executor(),
                                                             asio::redirect_error(asio::use_awaitable, ec));
    if (co_await is_canceled() || ec == asio::error::operation_aborted || ec == asio::error::bad_descriptor)
      co_return ok();
    if (ec) {  // out of descriptors: some connection must end first
      log::warn("web: accept: {}", ec.message());
      HILLTOP_CO_CHECK(co_await sleep_for(100ms));
      continue;
    }
    ++listening->options.counters->connections;
    asio::post(thread.io, [listening, &thread, s = std::move(socket)]() mutable {
      begin_connection(*listening, thread, std::move(s));
    });
  }
  co_return ok();
}

using Guard = asio::executor_work_guard<asio::io_context::executor_type>;

/// Waits for the connections of a thread to end; then lets the thread end.
Task<> end_thread(IoThread* thread, std::shared_ptr<Guard> guard) {
  co_await thread->scope->join();
  thread->application.reset();
  guard->reset();
  co_return ok();
}

void wind_down(IoThread& thread) {
  thread.stopping = true;
  for (auto* connection : std::set(thread.connections)) {
    if (connection->websocket) thread.scope->cancel(connection->task);
    if (connection->idle) connection->stream.close();
  }
}

class Server final : public HttpServer {
 public:
  explicit Server(ListenOptions options) { listening_.options = std::move(options); }
  ~Server() override { stop(); }

  Result<> open() {
    const auto& o = listening_.options;
    if (o.tls_certificate.empty() != o.tls_key.empty())
      return Error(Errc::bad_input, Blame::configuration, "TLS needs both a certificate and a key");
    if (!o.tls_certificate.empty()) {
      HILLTOP_TRY(listening_.tls, server_tls(o.tls_certificate, o.tls_key));
    }
    error_code ec;
    const auto address = asio::ip::make_address(o.address, ec);
    if (ec) return Error(Errc::bad_input, Blame::configuration, "listen address '" + o.address + "' is no IP address");
    for (unsigned i = 0; i < std::max(1u, o.threads); ++i) listening_.threads.emplace_back();
    return listen(tcp::endpoint(address, o.port));
  }

  Result<> listen(const tcp::endpoint& where) {
    error_code ec;
    auto acceptor = std::make_unique<tcp::acceptor>(listening_.threads.front().io);
    acceptor->open(where.protocol(), ec);
    if (!ec) acceptor->set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec) acceptor->bind(where, ec);
    if (!ec) acceptor->listen(asio::socket_base::max_listen_connections, ec);
    if (ec) {
      const auto code = ec == asio::error::address_in_use  ? Errc::busy
                        : ec == asio::error::access_denied ? Errc::denied
                                                           : Errc::io;
      return Error(
          code, Blame::configuration,
          "listen on " + where.address().to_string() + ":" + std::to_string(where.port()) + ": " + ec.message());
    }
    port_ = acceptor->local_endpoint().port();
    listening_.acceptor = std::move(acceptor);
    return ok();
  }

  void run(const MakeApplication& make_application) {
    for (auto& thread : listening_.threads) {
      thread.application = make_application(thread.io.get_executor());
      thread.scope = std::make_unique<TaskScope>(thread.io.get_executor(), "web");
      thread.ending = std::make_unique<TaskScope>(thread.io.get_executor(), "web end");
      guards_.push_back(std::make_shared<Guard>(thread.io.get_executor()));
    }
    listening_.threads.front().scope->spawn("accept", accept_clients(&listening_));
    for (auto& thread : listening_.threads) thread.thread = std::thread([&thread] { thread.io.run(); });
  }

  [[nodiscard]] std::uint16_t port() const override { return port_; }
  void stop_accepting() override {
    asio::post(listening_.threads.front().io, [this] {
      error_code ignored;
      listening_.acceptor->close(ignored);
    });
    for (auto& thread : listening_.threads) asio::post(thread.io, [&thread] { wind_down(thread); });
  }

  void stop() override {
    if (stopped_ || guards_.empty()) return;
    stopped_ = true;
    stop_accepting();
    for (std::size_t i = 0; i < listening_.threads.size(); ++i) {
      auto& thread = listening_.threads[i];
      asio::post(thread.io, [&thread, guard = guards_[i]] {
        thread.scope->cancel_all();
        for (auto* connection : thread.connections)
          if (!connection->websocket) connection->stream.close();
        thread.ending->spawn("end", end_thread(&thread, guard));
      });
    }
    for (auto& thread : listening_.threads) thread.thread.join();
  }

 private:
  Listening listening_;
  std::vector<std::shared_ptr<Guard>> guards_;
  std::uint16_t port_ = 0;
  bool stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(ListenOptions options, MakeApplication make_application) {
  auto server = std::make_unique<Server>(std::move(options));
  HILLTOP_CHECK(server->open());
  server->run(make_application);
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace hilltop::web
