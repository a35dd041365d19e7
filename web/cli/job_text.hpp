// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "web/cli/context.hpp"

namespace hilltop::cli {

[[nodiscard]] bool is_finished(const Json& job);

/// Of a finished job: its verdict's.
[[nodiscard]] ExitCode exit_code_of_job(const Json& job);

/// "job 3 (hello) on microbit-01: fail: 1 of 4 cases failed (dut)", coloured.
[[nodiscard]] std::string verdict_line(const Json& job, bool color);

/// The job's cases as a table: suite, case, result, measurement, time, and why for those that did not pass.
[[nodiscard]] Table results_table(const Json& job);

/// Prints verdict, reason and results of a finished job.
void print_outcome(Context& context, const Json& job);

/// What a job does now or waits for: one sentence, "" when it has finished.
[[nodiscard]] std::string doing(const Json& job);

/// Seconds that it has waited or run, or took.
[[nodiscard]] double elapsed_seconds(const Json& job);

}  // namespace hilltop::cli
