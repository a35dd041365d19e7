// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "boards/board_type.hpp"
#include "jobs/definition/job_definition.hpp"

namespace hilltop::jobs {

/// A time-out that will be in force, and where it came from.
struct EffectiveTimeout {
  std::chrono::nanoseconds value{0};
  std::string origin;  ///< "job timeouts.actions.auto-login-action (line 12)", "board type microbit", "action block (line 30)", ...
  bool skip = false;
};

/// One step as it will run. Names are LAVA's action names where LAVA has one.
struct PlannedAction {
  std::string level;        ///< "2.1": as LAVA numbers them
  std::string name;         ///< "http-download", "minimal-boot", "auto-login-action", "lava-test-monitor", ...
  std::string summary;      ///< "fetch zephyr from https://..."
  std::string name_space;
  EffectiveTimeout timeout;
  EffectiveTimeout connection_timeout;
  std::uint32_t attempts = 1;   ///< failure_retry
  std::uint32_t repeat = 1;
  std::vector<PlannedAction> children;
};

/// What will be done, before anything runs. Block i of the job is actions[i].
struct Plan {
  EffectiveTimeout job_timeout;
  std::string board_type;
  std::vector<PlannedAction> actions;
  [[nodiscard]] nlohmann::json to_json() const;
  /// A table for people: level, name, summary, time-out, where it came from.
  [[nodiscard]] std::string to_text() const;
};

/// Plans `job` for boards of `type`. What can't run there is an error with the place in the job, and what the type offers.
/// Complaints go to `diagnostics`; the plan is whole only without errors.
[[nodiscard]] Plan make_plan(const JobDefinition& job, const boards::BoardType& type, Diagnostics& diagnostics);

}  // namespace hilltop::jobs
