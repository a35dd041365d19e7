// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "jobs/plan.hpp"

namespace {

using namespace hilltop;

void must(bool holds) {
  if (!holds) std::abort();
}

/// A board that is flashed, and one whose machine the job chooses.
std::vector<boards::BoardType> make_types() {
  std::vector<boards::BoardType> types(2);
  for (auto& type : types) {
    type.deploy_methods = {"tmpfs"};
    type.boot_methods = {"minimal", "monitor", "qemu"};
    type.available_architectures = {"arm"};
  }
  types[0].name = "microbit";
  types[0].flash.supported = true;
  types[0].action_timeouts = {{"auto-login-action", std::chrono::minutes(2)}};
  types[1].name = "qemu";
  types[1].configurable_machine = true;
  types[1].failure_retry = 3;
  return types;
}

void check(const jobs::JobDefinition& job, const jobs::PlannedAction& action, std::chrono::nanoseconds parent) {
  must(action.timeout.value.count() > 0 && action.timeout.value <= parent);
  must(action.timeout.value <= job.timeouts.job.value);
  must(action.attempts >= 1 && action.repeat >= 1 && action.attempt_budget.count() > 0);
  must(!action.name.empty() && !action.timeout.origin.empty() && !action.connection_timeout.origin.empty());
  for (const auto& child : action.children) check(job, child, action.timeout.value);
}

void check_plan(const jobs::JobDefinition& job, const boards::BoardType& type) {
  Diagnostics diagnostics;
  const jobs::Plan plan = make_plan(job, type, diagnostics);
  must(plan.actions.size() == job.actions.size() + 1);
  for (std::size_t i = 0; i < job.actions.size(); ++i) check(job, plan.actions[i], job.timeouts.job.value);
  must(!plan.to_text().empty());
  (void)plan.to_json().dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

// A job is either refused, each complaint with a place in it, or can be planned for either kind of board.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Diagnostics diagnostics;
  const auto job = jobs::read_job(text, "f", diagnostics);
  must(job.has_value() != diagnostics.has_errors());
  for (const auto& one : diagnostics.all()) must(one.place.line > 0 && one.place.column > 0 && !one.message.empty());
  if (!job) return 0;
  must(!job->actions.empty() && job->source_text == text && job->priority <= 100 &&
       job->timeouts.job.value.count() > 0);
  static const auto types = make_types();
  for (const auto& type : types) check_plan(*job, type);
  return 0;
}
