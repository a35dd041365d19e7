// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "drivers/core/stream_socket.hpp"
#include "drivers/core/task.hpp"

namespace hilltop::drivers::unit {

/// Bytes to and from a unit. Thread: of its executor; one call at a time.
class Wire {
 public:
  virtual ~Wire() = default;
  /// Errors: unavailable (infrastructure) when the unit has gone; timeout (infrastructure); canceled.
  virtual Task<> write(std::string bytes, Deadline deadline) = 0;
  /// What has come, at least a byte; nothing when the unit has closed the connection. Errors: as write().
  virtual Task<std::string> read(Deadline deadline) = 0;
};

using WirePtr = std::shared_ptr<Wire>;

/// A TCP connection. Errors: those of connect_stream().
Task<WirePtr> open_tcp(StreamAddress address, Deadline deadline);

/// A serial port, 8N1, raw, held for us alone. Errors: not_found, denied, busy, io (infrastructure).
Task<WirePtr> open_tty(std::string path, std::uint32_t baud);

/// What the other end of a TLS connection must be.
struct TlsOptions {
  std::string host;              ///< its certificate must be for this name or address
  std::string certificate_file;  ///< and be signed with this one; "": one that this machine trusts
  bool any_certificate = false;  ///< none of that
};
/// TLS over an open connection. Source: RFC 8446; OpenSSL's ssl(7).
/// Errors: denied (infrastructure) for a certificate that is not as wanted; protocol, unavailable, timeout.
Task<WirePtr> start_tls(WirePtr below, TlsOptions options, Deadline deadline);

}  // namespace hilltop::drivers::unit
