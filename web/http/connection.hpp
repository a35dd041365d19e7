// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <list>
#include <memory>
#include <set>
#include <thread>

#include "web/http/any_stream.hpp"
#include "web/http/server.hpp"

/// The inside of the server. Only web/http includes this.
namespace hilltop::web {

struct Connection;

/// One I/O thread and what lives on it.
struct IoThread {
  asio::io_context io{1};
  std::shared_ptr<Application> application;
  std::unique_ptr<TaskScope> scope;   ///< the connections
  std::unique_ptr<TaskScope> ending;  ///< joins the other one
  std::set<Connection*> connections;
  bool stopping = false;
  std::thread thread;
};

/// One client.
struct Connection {
  Connection(IoThread& t, const ListenOptions& o, HttpCounters& c, AnyStream s)
      : thread(t), options(o), counters(c), stream(std::move(s)) {
    thread.connections.insert(this);
    ++counters.open;
  }
  ~Connection() {
    thread.connections.erase(this);
    --counters.open;
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  IoThread& thread;
  const ListenOptions& options;
  HttpCounters& counters;
  AnyStream stream;
  boost::beast::flat_buffer buffer{64 * 1024};
  std::string peer;
  std::uint64_t task = 0;
  bool idle = true;  ///< between requests
  bool websocket = false;
  bool keep_alive = true;
};

using RequestParser = boost::beast::http::request_parser<boost::beast::http::buffer_body>;

/// Serves one client until it leaves.
Task<> serve_connection(std::shared_ptr<Connection> connection);

/// Reads the body as `rules` say into `request`. Value: 0, or the status to refuse with.
asio::awaitable<unsigned> read_body(std::shared_ptr<Connection> connection, std::shared_ptr<RequestParser> parser,
                                    const Admission& rules, Request& request);

/// Sends `response`; without its body for HEAD. False when the connection is over.
asio::awaitable<bool> send_response(std::shared_ptr<Connection> connection, Response response, bool head_only,
                                    bool http_1_0);

/// Takes over a connection whose upgrade request is in `parser`.
Task<std::shared_ptr<WebSocket>> accept_websocket(std::shared_ptr<Connection> connection,
                                                  std::shared_ptr<RequestParser> parser, std::string protocol);

}  // namespace hilltop::web
