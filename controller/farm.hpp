// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "boards/inventory.hpp"
#include "controller/views.hpp"
#include "controller/worker/worker_link.hpp"
#include "drivers/core/task.hpp"
#include "jobs/plan.hpp"

namespace hilltop::controller {

class Store;

/// A page of a list: items after the cursor, and the cursor of the next page ("" at the end).
template <class T>
struct Page {
  std::vector<T> items;
  std::string next;
};

struct JobFilter {
  std::string state, verdict, board, board_type, submitter, project;  ///< "" = any
  std::string cursor;
  std::size_t limit = 50;  ///< at most 1000
};

struct LeaseRequest {
  std::string wanted;  ///< board name, or board type
  std::vector<std::string> tags;
  std::chrono::seconds duration{1800};
  std::uint32_t priority = 50;
};

/// The farm's state: boards, queue, leases, jobs. Everything that changes it goes through here, is checked against the
/// principal's role, is written to the store before it is acknowledged, and is told as a FarmEvent.
/// Thread: the control thread only. The web hops here (web/api/hop.hpp).
/// Errors, everywhere: denied (job) for a role that is too low or a job that is private; not_found (job).
class Farm {
 public:
  struct Options {
    boards::BoardTypes types;
    std::filesystem::path lab_file;
    std::filesystem::path data_dir;
    drivers::DriverTable drivers;
  };

  /// Loads the state from `store`; jobs that ran when the daemon died end `incomplete (infrastructure: controller
  /// restarted)`, and run again where their failure_retry allows.
  static Task<std::shared_ptr<Farm>> open(Options options, std::shared_ptr<Store> store,
                                          std::shared_ptr<WorkerLink> worker, boards::Inventory inventory);
  virtual ~Farm() = default;

  // Jobs
  /// Reads, plans, stores and queues a job. Value: its id, once it is durable.
  /// Errors: bad_input (job) with every complaint as "FILE:LINE:COL: message" lines; configuration when no board can
  /// ever run it.
  virtual Task<std::uint64_t> submit(Principal who, std::string definition, std::string file_name) = 0;
  /// The plan for a definition, without submitting it.
  virtual Result<jobs::Plan> plan(const Principal& who, const std::string& definition,
                                  const std::string& file_name) = 0;
  virtual Result<JobView> job(const Principal& who, std::uint64_t id) = 0;
  virtual Task<Page<JobView>> jobs(Principal who, JobFilter filter) = 0;
  virtual Task<std::vector<jobs::TestCase>> results(Principal who, std::uint64_t id) = 0;
  virtual Task<std::string> definition(Principal who, std::uint64_t id) = 0;
  /// The file of the job's log, a JSON object a line {"n","dt","lvl","msg","ns"?}, and whether it still grows.
  struct LogFile {
    std::filesystem::path path;
    bool complete = false;
  };
  virtual Task<LogFile> log_file(Principal who, std::uint64_t id) = 0;
  /// Ends a job in any state. Value: at once, the job then goes to canceling or finished. Errors: bad_input when it has
  /// finished.
  virtual Task<> cancel(Principal who, std::uint64_t id) = 0;

  // Boards
  virtual std::vector<BoardView> boards(const Principal& who) = 0;
  virtual Result<BoardView> board(const Principal& who, const std::string& name) = 0;
  /// Needs role technician, or the active lease of the board. Errors: busy (job) naming the holder.
  virtual Result<> may_operate(const Principal& who, const std::string& board) = 0;
  virtual Task<> set_health(Principal who, std::string board, BoardHealth health, std::string reason) = 0;

  // Leases
  virtual Task<LeaseView> take(Principal who, LeaseRequest request) = 0;
  virtual Result<LeaseView> lease(const Principal& who, std::uint64_t id) = 0;
  virtual std::vector<LeaseView> leases(const Principal& who, bool ended_too) = 0;
  /// Sets the end to `duration` from now; never shortens.
  virtual Task<LeaseView> extend(Principal who, std::uint64_t id, std::chrono::seconds duration) = 0;
  /// By its owner: release. By a technician or admin: revoke. Streams bound to the lease end.
  virtual Task<> release(Principal who, std::uint64_t id, std::string reason) = 0;

  // Lab
  virtual const boards::BoardTypes& types() const = 0;
  virtual const boards::Inventory& inventory() const = 0;
  /// The lab file as it is written, with its comments.
  [[nodiscard]] virtual std::string lab_text() const { return boards::to_yaml(inventory()); }
  /// Checks `text`, writes it to the lab file and applies it: new boards join, gone ones leave (when leased: after the
  /// lease), changed ones are re-opened. Empty text: re-reads the file. Complaints of `text` name the file `shown_as`, as
  /// its user knows it; "": by the server's own name. Needs role admin.
  virtual Task<boards::InventoryChange> apply_lab(Principal who, std::string text, std::string shown_as) = 0;

  // Users and tokens
  /// Value: the token itself, shown once. Needs role admin. Creates the user where there is none.
  virtual Task<std::pair<TokenView, std::string>> create_token(Principal who, std::string user, std::string name,
                                                               Role role, std::string project,
                                                               std::chrono::seconds valid_for) = 0;
  virtual Task<std::vector<TokenView>> tokens(Principal who) = 0;
  virtual Task<> revoke_token(Principal who, std::uint64_t id) = 0;
  /// Who presents this token. Errors: denied (job).
  virtual Result<Principal> authenticate(const std::string& token) = 0;

  // Events
  /// Calls `handler` on the control thread for each event from now on, until the returned guard is dropped.
  virtual std::shared_ptr<void> subscribe(std::function<void(const FarmEvent&)> handler) = 0;
  /// Calls `on_growth` on the control thread whenever the log of `job` has grown (what log_file() names then holds more
  /// lines) and once more when it is complete, until the returned guard is dropped. For followers: no polling.
  virtual std::shared_ptr<void> subscribe_log(std::uint64_t job, std::function<void()> on_growth) = 0;
  /// Stored events after `seq`, oldest first, at most `limit`.
  virtual Task<std::vector<FarmEvent>> events_after(std::uint64_t seq, std::size_t limit) = 0;
  /// The number of the newest event; 0: there was none yet.
  [[nodiscard]] virtual std::uint64_t last_event() const = 0;

  /// The worker, for consoles and power: ask may_operate() first.
  virtual WorkerLink& worker() = 0;

  /// Counters for /metrics: name with labels -> value.
  virtual std::vector<std::pair<std::string, double>> metrics() = 0;

  /// Ends running jobs as canceled? No: leaves them to be re-run after the restart; stops the worker; flushes the
  /// store.
  virtual Task<> shut_down(Deadline deadline) = 0;
};

}  // namespace hilltop::controller
