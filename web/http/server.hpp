// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "web/http/message.hpp"
#include "web/http/websocket.hpp"

namespace hilltop::web {

/// Counters of one server, for /metrics.
/// Thread: any.
struct HttpCounters {
  std::atomic<std::uint64_t> requests{0}, errors{0};  ///< errors: status 5xx
  std::atomic<std::uint64_t> connections{0};          ///< accepted
  std::atomic<std::uint64_t> open{0}, websockets{0};  ///< now
  std::atomic<std::uint64_t> bytes_sent{0};
};

struct ListenOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;  ///< 0: any free one
  unsigned threads = 2;
  std::string tls_certificate, tls_key;  ///< PEM files; both or none
  std::filesystem::path upload_dir = std::filesystem::temp_directory_path();
  std::size_t max_connections = 1024;
  std::size_t header_limit = 16 * 1024;
  std::uint64_t upload_limit = 1ull << 30;
  Deadline::Clock::duration header_time =
      15s;  ///< from the first byte of a request to the end of its header; idle: 4 times that
  Deadline::Clock::duration piece_time = 30s;  ///< for each piece of a body, in or out
  std::shared_ptr<HttpCounters> counters = std::make_shared<HttpCounters>();
};

/// What the application says to a request of which only the head is known.
struct Admission {
  enum class Body : std::uint8_t { none, text, files };
  Body body = Body::none;
  std::size_t text_limit = 0;
  /// Makes the answer; never throws away a request that it was given.
  std::function<asio::awaitable<Response>(Request)> answer;
  /// For a WebSocket: talks until the connection ends. Empty for plain requests.
  std::function<Task<>(Request, std::shared_ptr<WebSocket>)> talk;
  std::string websocket_protocol;  ///< the subprotocol to accept, or ""
};

/// What a server serves. One object per I/O thread, used by that thread only.
class Application {
 public:
  virtual ~Application() = default;
  /// Called with the head of each request, before its body is read: refuses with a response, or admits.
  virtual asio::awaitable<std::variant<Response, Admission>> admit(const Request& head, std::string_view method,
                                                                   bool wants_websocket) = 0;
  /// The body of an error that the server itself finds (400, 408, 413, 431, 503).
  virtual Response problem(unsigned status, std::string detail) = 0;
};

/// An HTTP/1.1 server on I/O threads of its own.
/// Thread: any; stop() and the destructor block until the threads have ended (they never wait for the caller's thread).
class HttpServer {
 public:
  using MakeApplication = std::function<std::shared_ptr<Application>(asio::any_io_executor io)>;
  /// Listens and serves. Errors: configuration for a bad address, certificate or key; busy, denied (configuration) when
  /// the port cannot be had.
  static Result<std::unique_ptr<HttpServer>> start(ListenOptions options, MakeApplication make_application);
  virtual ~HttpServer() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// Stops listening, ends idle connections and WebSockets, and tells the others to close after their answer.
  virtual void stop_accepting() = 0;
  /// Ends everything now.
  virtual void stop() = 0;
};

}  // namespace hilltop::web
