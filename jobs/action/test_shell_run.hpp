// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "jobs/action/prepared_overlay.hpp"
#include "jobs/action/watching.hpp"
#include "jobs/testshell/suite_reader.hpp"

/// The book that a test shell keeps: which suite runs, what it reported, and what that comes to.
namespace hilltop::jobs::shell {

/// A suite between STARTRUN and ENDRUN.
struct RunningSuite {
  const testshell::Suite* suite = nullptr;
  std::chrono::steady_clock::time_point began;
  std::string set;                  ///< the test set that is open
  std::set<std::uint64_t> numbers;  ///< of the results that arrived
  std::set<std::string> seen;       ///< ids
  bool malformed = false;
};

struct ShellRun {
  std::shared_ptr<JobRun> run;
  ActionContext context;
  Deadline deadline = Deadline::never();
  std::vector<std::string> prompts;
  std::shared_ptr<const PreparedOverlay> prepared;
  std::size_t stage = 0;  ///< of the overlay
  std::map<std::string, testshell::OutputPattern> patterns;
  std::shared_ptr<testshell::SuiteReader> reader;
  TestWindow window;

  std::optional<RunningSuite> running;
  std::set<std::string> done;      ///< ids of suites that ran, or whose installation failed
  std::optional<Deadline> exited;  ///< the runner said EXIT: how long its shell has to come back
  bool back = false;
  std::map<std::string, std::uint64_t> feedback_from;  ///< other consoles: what was shown already

  [[nodiscard]] const testshell::Stage& suites() const { return prepared->input.stages.at(stage); }
};

/// Takes what the board said. Errors: dut when it asked for the job's end (lava-test-raise); canceled.
Task<> take(std::shared_ptr<ShellRun> s, testshell::ShellEvent event);

/// The test shell is over: what is open did not end, and what never ran is said. `ended`: by itself.
void close(ShellRun& s, bool ended);

}  // namespace hilltop::jobs::shell
