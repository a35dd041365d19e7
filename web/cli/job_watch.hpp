// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "web/cli/context.hpp"

namespace hilltop::cli {

/// How waiting for jobs ended.
struct Watched {
  std::vector<std::string> ids;  ///< of the last attempts
  std::vector<Json> jobs;    ///< in the order of the ids, with suites where finished; Json() for what was never seen
  bool interrupted = false;  ///< Ctrl-C: the jobs run on
  std::optional<Error> failure;  ///< out of reach for longer than the patience, or what the server refused
};

/// Follows jobs until all have finished, with progress on standard error. A job that the farm repeats by itself after a
/// fault of the infrastructure is followed to its last attempt.
[[nodiscard]] Watched watch_jobs(Context& context, Api& api, std::vector<std::string> ids,
                                 std::chrono::seconds patience);

}  // namespace hilltop::cli
