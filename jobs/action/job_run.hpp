// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "drivers/core/lane.hpp"
#include "jobs/action/console_log.hpp"
#include "jobs/loader_script.hpp"
#include "jobs/pipeline.hpp"
#include "jobs/verdict.hpp"

namespace hilltop::jobs {

struct PreparedOverlay;

/// Files that a deploy action put in place, by label, in order of the job.
struct DeployedImage {
  std::string label;
  std::filesystem::path path;
  std::string image_arg;
  std::string part = {};  ///< where it goes on the board, when the job says it
};

/// What deploy `to: tftp` put in place for a namespace's boot loader.
struct ServedFiles {
  std::filesystem::path dir;
  LoaderFiles files;
};

/// The test shell's files as a tar file that the booted board fetches (transfer_overlay).
struct FetchableOverlay {
  std::filesystem::path file;
  std::string name;  ///< what it is asked for by: nobody else on the network can guess it
  std::string url;   ///< as the board sees it; "" until it is served
};

/// What one action works within.
struct ActionContext {
  const PlannedAction* planned = nullptr;
  Deadline deadline = Deadline::never();  ///< of this attempt
  std::string name_space;
  std::size_t stage = 0;         ///< number of the test block in its namespace, from 0
  bool skip_on_timeout = false;  ///< the block's time-out has `skip: true`

  /// The planned child called `name`, or nullptr.
  [[nodiscard]] const PlannedAction* child(std::string_view name) const;
  /// How long one expect may wait.
  [[nodiscard]] std::chrono::nanoseconds connection_timeout() const;
};

/// A job that runs: what its actions share.
/// Thread: the pipeline's.
class JobRun {
 public:
  JobRun(PipelineInput pipeline_input, asio::any_io_executor executor);

  const PipelineInput input;
  std::shared_ptr<boards::Console> console;  ///< the board's first one
  std::shared_ptr<Masker> masker = std::make_shared<Masker>();
  std::shared_ptr<ConsoleLog> console_log;
  Lane lane;                    ///< unpacking
  std::uint64_t cursor = 0;     ///< where the next expect begins
  std::uint64_t booted_at = 0;  ///< where the console stood when the board was last started
  std::map<std::string, std::vector<DeployedImage>> deployed;  ///< by namespace
  std::map<std::string, ServedFiles> served;                   ///< by namespace
  std::set<std::string> overlay_drives;  ///< namespaces whose machine has the test shell's files on a drive
  /// Overlays of test shells with what was fetched for them, by namespace (overlay_for).
  std::map<std::string, std::shared_ptr<const PreparedOverlay>> overlays;
  std::map<std::string, FetchableOverlay> fetchable;  ///< by namespace
  std::unique_ptr<drivers::BootLease> boot_lease;     ///< what is served to the board now
  std::uint64_t boot_requests = 0;                    ///< that the boot server saw of this job's board
  std::map<std::string, std::string> captured;        ///< named groups of interactive matches

  /// Writes to the job's log; secrets are masked. Returns the line's number.
  std::uint64_t log(LogLevel level, std::string text);
  void set_name_space(std::string name_space);

  /// Notes what was found in this attempt, and gives the error that ends the action.
  Error fail(Finding finding, std::string text);
  /// Notes it without ending anything.
  void note(Finding finding, std::string text);
  /// Reports a case, and notes what a failed or unknown one means. Suite `lava` holds no checks of the job's own.
  void report(TestCase test_case);

  std::vector<Fact> facts;  ///< of the running attempt
  std::string not_fetched;  ///< why the last artifact did not come, when the job was not to blame
  std::size_t cases_reported = 0;

 private:
  std::string name_space_;
};

/// Says that an action runs; says its end when it goes out of scope (not ok unless succeed() was called).
class Step {
 public:
  /// The planned child `name` of the context; an action that is not planned runs under the context's time-out.
  Step(JobRun& run, const ActionContext& context, std::string_view name);
  Step(JobRun& run, Deadline deadline, const PlannedAction& planned);
  ~Step();
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  void succeed() { ok_ = true; }
  /// The context's deadline, or this action's own if that is earlier.
  [[nodiscard]] Deadline deadline() const { return deadline_; }

 private:
  JobRun& run_;
  std::string level_, name_;
  Deadline deadline_;
  std::chrono::steady_clock::time_point began_;
  bool ok_ = false;
};

/// The name of a suite or case in the way of LAVA: lower case, each run of non-word characters one `_`.
[[nodiscard]] std::string case_id(std::string_view text);
/// Lower case, spaces to `-`.
[[nodiscard]] std::string monitor_suite(std::string_view name);

}  // namespace hilltop::jobs
