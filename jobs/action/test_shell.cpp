// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/actions.hpp"

namespace hilltop::jobs {

Task<> test_shell(std::shared_ptr<JobRun> run, const TestDefinitions* block, ActionContext context) {
  co_return run->fail(Finding::job_wrong, "stage " + std::to_string(context.stage) + ": '" +
                                              block->definitions.at(0).name + "' cannot run yet");
}

}  // namespace hilltop::jobs
