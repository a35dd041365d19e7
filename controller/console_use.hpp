// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "drivers/core/clock.hpp"

namespace hilltop::controller {

/// Who types at a console. One at a time: others are told who, and may look on.
struct ConsoleWriter {
  std::string console;
  std::string id;    ///< of the connection
  std::string name;  ///< the user, for people
  std::string from;  ///< "web", "rfc2217 127.0.0.1:40001"
  UtcTime since;
  bool operator==(const ConsoleWriter&) const = default;
};

/// A TCP port at which a console is served.
struct ConsolePortView {
  std::string console;
  std::string kind;   ///< "raw", "rfc2217"
  std::string where;  ///< "127.0.0.1:40001"
  std::string owner;  ///< the user who opened it
  bool operator==(const ConsolePortView&) const = default;
};

}  // namespace hilltop::controller
