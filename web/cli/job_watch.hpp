// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "web/cli/context.hpp"

namespace hilltop::cli {

/// How waiting for jobs ended.
struct Watched {
  std::vector<std::string> ids;  ///< of the last attempts
  std::vector<Json> jobs;    ///< in the order of the ids, with suites where finished; Json() for what was never seen
  bool interrupted = false;  ///< Ctrl-C: the jobs run on
};

/// Follows jobs until all have finished, with progress on standard error. A job that the farm repeats by itself after a
/// fault of the infrastructure is followed to its last attempt.
/// Errors: out of reach for longer than `patience`; what the server refuses.
[[nodiscard]] Result<Watched> watch_jobs(Context& context, Api& api, std::vector<std::string> ids,
                                         std::chrono::seconds patience);

}  // namespace hilltop::cli
