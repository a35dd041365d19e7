// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/local/datagram_protocol.hpp>

#include "drivers/core/task.hpp"

namespace hilltop {

/// Waits until the socket can be read (a listening one: accepted from). Thread: the socket's.
/// Errors: timeout (infrastructure), canceled, unavailable (infrastructure) when the socket was closed or cancelled.
/// Lifetime: the socket outlives the call.
Task<> wait_readable(asio::ip::udp::socket& socket, Deadline deadline);
Task<> wait_readable(asio::local::datagram_protocol::socket& socket, Deadline deadline);
Task<> wait_readable(asio::ip::tcp::socket& socket, Deadline deadline);
Task<> wait_readable(asio::ip::tcp::acceptor& acceptor, Deadline deadline);
/// The same, until it takes bytes.
Task<> wait_writable(asio::ip::tcp::socket& socket, Deadline deadline);
Task<> wait_writable(asio::local::datagram_protocol::socket& socket, Deadline deadline);

}  // namespace hilltop
