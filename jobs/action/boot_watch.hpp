// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobs/action/dialog.hpp"
#include "jobs/action/job_run.hpp"

namespace hilltop::jobs {

/// Watches a board from its start to its prompt: which stage of its boot it is in and since when, kernel failures in
/// any of them, resets, and stages that do not begin in time. Fed by the console's log; measures by when bytes arrived.
/// Thread: the pipeline's.
class BootWatch {
 public:
  /// Watches what comes after the run's booted_at. `ignore_faults`: the job has ignore_kernel_messages. `in_kernel`:
  /// the kernel has begun already (kexec), so that no stage before it is waited for.
  static Result<std::shared_ptr<BootWatch>> begin(std::shared_ptr<JobRun> run, bool ignore_faults, bool in_kernel);
  ~BootWatch();
  BootWatch(const BootWatch&) = delete;
  BootWatch& operator=(const BootWatch&) = delete;

  /// Why the boot cannot go on, while it is under way.
  [[nodiscard]] std::optional<Fact> trouble() const;
  /// The patterns of the stage called `name` and those after it.
  [[nodiscard]] std::vector<std::string> patterns_from(std::string_view name) const;

  /// The board is where the job wants it: reports how long each stage took ("boot-stage-kernel") and all of them
  /// ("boot-time") in suite `lava`, in seconds. Errors: dut, when the console held a kernel failure.
  static Task<> finish(std::shared_ptr<BootWatch> self);

 private:
  struct Begun {
    std::size_t stage;
    UtcTime at;
  };

  BootWatch(std::shared_ptr<JobRun> run, bool ignore_faults);
  void take(std::string_view bytes, std::uint64_t offset, UtcTime time);
  void note_stage(std::size_t stage, UtcTime time);
  [[nodiscard]] std::optional<Fact> late_stage() const;
  [[nodiscard]] std::optional<Fact> fault() const;
  void report() const;

  std::shared_ptr<JobRun> run_;
  bool ignore_faults_;
  std::vector<boards::PatternSet> from_;  ///< [i]: the patterns of stage i and those after it
  std::vector<Begun> begun_;
  std::size_t next_ = 0;    ///< the first stage that may still begin
  std::size_t kernel_ = 0;  ///< stage "kernel", or the last one
  std::string window_;
  UtcTime started_, last_byte_;
  std::uint64_t seen_to_;
  std::chrono::steady_clock::time_point moved_on_;
  std::uint64_t kernel_at_ = UINT64_MAX;  ///< offset of stage "kernel", or of what came in its place
};

/// Dialog::expect that ends early when the boot has failed. Errors: those of Dialog::expect; what BootWatch::trouble
/// found, noted as a fact. Without a watch it is Dialog::expect.
Task<DialogMatch> expect_booting(std::shared_ptr<JobRun> run, std::shared_ptr<BootWatch> watch,
                                 std::shared_ptr<Dialog> dialog, Awaited awaited, Deadline deadline);

}  // namespace hilltop::jobs
