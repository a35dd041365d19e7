// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "drivers/core/result.hpp"

namespace hilltop::web {

/// "https://host:port/prefix", taken apart.
struct Url {
  bool tls = false;
  std::string host;  ///< without brackets
  std::string port;
  std::string prefix;  ///< "" or "/prefix", no '/' at its end
  /// As a Host header has it: brackets for IPv6, no port where it is the scheme's own.
  [[nodiscard]] std::string authority() const;
};

/// http, https, ws or wss. Errors: bad_input (configuration).
[[nodiscard]] Result<Url> parse_url(std::string_view text);

}  // namespace hilltop::web
