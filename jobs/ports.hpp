// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "drivers/core/task.hpp"
#include "jobs/definition/job_definition.hpp"
#include "jobs/results.hpp"

namespace hilltop::jobs {

/// Where a job's files come from. Implemented by controller/artifacts.
class ArtifactSource {
 public:
  virtual ~ArtifactSource() = default;

  /// Fetches `spec` (as it stands at its URL: not unpacked) and gives the path of a local file that stays valid while the job
  /// runs and is not to be changed. Checks the digests that the spec names.
  /// Errors: mismatch (infrastructure) for a wrong digest or length; unavailable, timeout (infrastructure);
  /// not_found (job): there is no such file;
  /// denied (job) for a URL or file that the lab does not allow.
  virtual Task<std::filesystem::path> fetch(UrlSpec spec, Deadline deadline) = 0;

  /// Whether tests may be cloned from the git repository at `url`. Errors: denied (job), with what the lab's owner can do.
  [[nodiscard]] virtual Result<> may_clone(const std::string& url) const {
    return Error(Errc::denied, Blame::job, url + ": this lab fetches no repositories");
  }
};

/// Where a running job reports to. Calls never block and never fail; order is kept.
/// Thread: the worker's.
class ResultSink {
 public:
  virtual ~ResultSink() = default;
  /// Returns the number of the line in the job's log (1-based).
  virtual std::uint64_t log(LogLine line) = 0;
  virtual void result(TestCase test_case) = 0;
  /// An action began or ended: "2.1", "auto-login-action".
  virtual void action_started(std::string_view level, std::string_view name) = 0;
  virtual void action_ended(std::string_view level, std::string_view name, bool ok, double duration_s) = 0;
};

}  // namespace hilltop::jobs
