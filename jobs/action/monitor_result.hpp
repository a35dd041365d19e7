// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "drivers/core/result.hpp"
#include "jobs/results.hpp"

namespace hilltop::jobs {

/// Makes a case of a match's named groups `result`, `test_case_id`, `measurement`, `units` (LAVA 3.5). The suite is
/// left to the caller. Errors: mismatch (job) for what is not a result: no id, a word that fixupdict does not turn into
/// one, a measurement that is no number. A group that took no part is as one that is not there.
[[nodiscard]] Result<TestCase> read_monitor_result(const Monitor& monitor,
                                                   const std::map<std::string, std::string>& groups);

/// Whether `id` is in the monitor's list of expected cases; true without a list.
[[nodiscard]] bool is_expected(const Monitor& monitor, const std::string& id);

}  // namespace hilltop::jobs
