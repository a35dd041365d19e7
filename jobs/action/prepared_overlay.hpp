// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "jobs/action/job_run.hpp"
#include "jobs/testshell/overlay.hpp"

namespace hilltop::jobs {

/// The test shells of one namespace: what was fetched for them, and the tree for the board.
struct PreparedOverlay {
  testshell::OverlayInput input;
  std::shared_ptr<const testshell::Overlay> overlay;
};

/// overlay_for() with the suites: what the test shell works with. Errors: as there.
Task<std::shared_ptr<const PreparedOverlay>> prepared_overlay_for(std::shared_ptr<JobRun> run, std::string name_space,
                                                                  Deadline deadline);

}  // namespace hilltop::jobs
