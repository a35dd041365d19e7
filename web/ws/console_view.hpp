// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "web/api/route.hpp"

namespace hilltop::web {

/// One client that looks at one console.
struct ConsoleView {
  ApiPtr api;
  controller::Principal who;
  std::shared_ptr<WebSocket> socket;
  std::string board, console;       ///< the console by its name, not ""
  std::uint64_t from = UINT64_MAX;  ///< now
};

/// Sends {"offset"}, what the console has said from there on, and what it says: until it ends, the client leaves, or
/// the task is canceled. What lies in the past comes from the transcript, at the client's pace; then the client joins
/// the console's feed, where the last byte ended. A byte comes once, or lies in a {"gap"}: retention has deleted it, or
/// the client was too slow. Errors: those of reading the console; unavailable (infrastructure) when the client is gone;
/// canceled.
Task<> show_console(std::shared_ptr<ConsoleView> view);

}  // namespace hilltop::web
