// SPDX-License-Identifier: Apache-2.0
#include "web/http/client_connection.hpp"

#include <boost/asio/connect.hpp>

namespace hilltop::web {

using asio::ip::tcp;

Error unavailable(const std::string& what, const error_code& ec) {
  return Error(Errc::unavailable, Blame::infrastructure, what + ": " + ec.message());
}

Error too_late(const std::string& what) {
  return Error(Errc::timeout, Blame::infrastructure, what + ": no answer in time");
}

Result<AnyStream> connect_to(Blocking& blocking, const Url& url, const ClientOptions& options, Deadline deadline) {
  error_code ec;
  const auto name = url.authority();
  // Results and sockets are shared with their handlers: one that the deadline left behind must find them.
  auto resolver = std::make_shared<tcp::resolver>(blocking.io);
  auto found = std::make_shared<tcp::resolver::results_type>();
  auto socket = std::make_shared<tcp::socket>(blocking.io);
  auto outcome = std::make_shared<std::optional<error_code>>();
  resolver->async_resolve(url.host, url.port, [resolver, found, outcome](error_code e, tcp::resolver::results_type r) {
    *found = std::move(r);
    *outcome = e;
  });
  if (!blocking.drive(deadline, [&] { return outcome->has_value(); })) return too_late(name);
  if (**outcome) return unavailable(name, **outcome);
  outcome->reset();
  asio::async_connect(*socket, *found, [socket, found, outcome](error_code e, const tcp::endpoint&) { *outcome = e; });
  if (!blocking.drive(deadline, [&] { return outcome->has_value(); })) {
    socket->close(ec);
    return too_late(name);
  }
  if (**outcome) return unavailable(name, **outcome);
  socket->set_option(tcp::no_delay(true), ec);
  if (!url.tls) return AnyStream::plain(std::move(*socket));
  HILLTOP_TRY(auto context, client_tls(options.ca_file, options.verify));
  HILLTOP_TRY(auto stream, AnyStream::tls_client(std::move(*socket), std::move(context), url.host, options.verify));
  outcome->reset();
  stream.async_handshake([outcome, stream](error_code e) { *outcome = e; });
  if (!blocking.drive(deadline, [&] { return outcome->has_value(); })) return too_late(name + ": TLS");
  if (**outcome) return unavailable(name + ": TLS", **outcome);
  return stream;
}

}  // namespace hilltop::web
