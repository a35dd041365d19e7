// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/deadline.hpp"
#include "drivers/core/result.hpp"

struct sockaddr;

namespace hilltop::controller {

/// Whether an address belongs to this machine, a private network, or nobody in particular, so that a job must not reach
/// it unless the lab names its host. Source: IANA IPv4 and IPv6 special-purpose address registries.
[[nodiscard]] bool is_private_address(const sockaddr* address);

struct Download {
  std::string url;
  std::map<std::string, std::string> headers;  ///< sent to the first host only, never to where that redirects
  std::vector<std::string> allowed_hosts;      ///< empty: any with a public address
  Deadline deadline = Deadline::never();
  std::shared_ptr<std::atomic<bool>> stop;  ///< set from elsewhere: ends it
  std::function<Result<>(std::string_view bytes)> on_bytes;
  std::function<Result<>()> on_restart;  ///< before each attempt: what came before is void
};

/// Fetches a file, blocking. Follows 5 redirects; tries 3 times where the connection fails or the server says 5xx.
/// Errors: denied (job) for a host that is not allowed or another protocol; not_found (infrastructure) for 404 and 410;
/// unavailable, timeout, mismatch (infrastructure; fewer bytes than announced); canceled.
Result<> download(const Download& what);

}  // namespace hilltop::controller
