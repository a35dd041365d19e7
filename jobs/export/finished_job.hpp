// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "jobs/results.hpp"

namespace hilltop::jobs {

/// What the result formats need of a job: plain data.
struct FinishedJob {
  std::string id, name;
  std::string state = "finished";  ///< as the controller calls it
  std::optional<Outcome> outcome;  ///< none while it runs
  std::string board, board_type;
  std::optional<UtcTime> submitted, started, finished;
  std::vector<TestCase> cases;  ///< in order of report
};

/// The cases of one suite, in order of report; suites in order of their first case.
struct Suite {
  std::string name;
  std::vector<TestCase> cases;
};
[[nodiscard]] std::vector<Suite> suites_of(const std::vector<TestCase>& cases);

/// [{"name","cases":[{"name","result","measurement","units","duration_s","line"}]}] (DESIGN.md 6): keys without a value
/// are null; "message" is added where there is one.
[[nodiscard]] nlohmann::json suites_to_json(const std::vector<TestCase>& cases);

/// The JSON of a finished job (DESIGN.md 6).
[[nodiscard]] nlohmann::json to_json(const FinishedJob& job);

/// JUnit XML. An incomplete or canceled job is an error in suite `lava`, case `job`.
/// Source: the JUnit schema of Jenkins' xunit plug-in (junit-10.xsd).
[[nodiscard]] std::string to_junit(const FinishedJob& job);

/// TAP version 13; one test point a case. A job without a verdict of its own ends with "Bail out!".
/// Source: testanything.org, TAP 13 specification.
[[nodiscard]] std::string to_tap(const FinishedJob& job);

/// LAVA's results as YAML: a list of maps with suite, name, result, measurement, unit, id, job, level, log_start_line.
/// Source: LAVA's REST export `jobs/{id}/yaml/`.
[[nodiscard]] std::string to_lava_yaml(const FinishedJob& job);

/// A table for people, not wider than `width` columns; suite `lava` only with `all`.
[[nodiscard]] std::string to_table(const FinishedJob& job, std::size_t width = 100, bool all = false);

}  // namespace hilltop::jobs
