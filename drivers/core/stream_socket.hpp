// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "drivers/core/task.hpp"

namespace hilltop {

/// Where a stream of bytes is served: `path` for a unix socket, else host and port.
struct StreamAddress {
  std::string host;
  std::uint16_t port = 0;
  std::string path = {};

  /// "board-7.lab:2001", "[::1]:2001", "/run/x.sock".
  [[nodiscard]] std::string to_string() const;
};

/// Connects; tries all addresses of a name in turn. Value: a descriptor, the caller's, non-blocking; a TCP one sends
/// without delay and notices within half a minute that its peer has gone without a word.
/// Errors: not_found (infrastructure) for a name or path that is none; unavailable (infrastructure) when nobody
/// listens; denied; timeout (infrastructure); canceled.
Task<int> connect_stream(StreamAddress address, Deadline deadline);

}  // namespace hilltop
