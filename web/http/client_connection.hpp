// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>

#include "web/http/any_stream.hpp"
#include "web/http/client.hpp"
#include "web/http/url.hpp"

/// What both clients are made of. Only web/http includes this.
namespace hilltop::web {

/// Blocks its caller until something that runs on `io` has ended, or the deadline has passed.
class Blocking {
 public:
  /// Runs handlers until `until()` says true. False: the deadline came first.
  template <class Until>
  bool drive(Deadline deadline, Until until) {
    while (!until()) {
      io.restart();
      const auto ran = deadline.is_never() ? io.run_one() : io.run_one_until(deadline.when());
      if (ran == 0 && deadline.passed()) return until();
    }
    return true;
  }
  asio::io_context io{1};
};

/// A TCP (and TLS) connection to `url`. Errors: unavailable, timeout (infrastructure).
[[nodiscard]] Result<AnyStream> connect_to(Blocking& blocking, const Url& url, const ClientOptions& options,
                                           Deadline deadline);

[[nodiscard]] Error unavailable(const std::string& what, const error_code& ec);
[[nodiscard]] Error too_late(const std::string& what);

}  // namespace hilltop::web
