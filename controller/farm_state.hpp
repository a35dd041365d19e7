// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <list>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "controller/auth/tokens.hpp"
#include "controller/farm.hpp"
#include "controller/job_log.hpp"
#include "controller/scheduler.hpp"
#include "controller/store/store.hpp"

/// Inside of the farm: its state, and the functions that change it, by theme (farm_jobs.cpp, farm_leases.cpp, ...).
/// All of it on the control thread. What changes goes into a Changes, which save() makes durable and then announces.
namespace hilltop::controller {

struct OpenJob {
  JobRecord record;
  std::string cancel_reason;   ///< set once somebody has canceled it
  bool ended = false;          ///< its outcome is known and being stored
  std::uint64_t reported = 0;  ///< results stored so far, those of actions included
};

struct FarmBoard {
  boards::BoardConfig config;
  BoardView view;
  bool ready = false;  ///< the worker has it open
  bool cleaning = false;
  bool stale = false;  ///< the lab file says something else; applied when its lease has ended
};

/// A follower of a job's log or of events.
template <class F>
struct Follower {
  std::uint64_t job = 0;
  F call;
};
template <class F>
using Followers = std::shared_ptr<std::list<std::shared_ptr<Follower<F>>>>;

struct FarmState : std::enable_shared_from_this<FarmState> {
  FarmState(Farm::Options o, std::shared_ptr<Store> s, std::shared_ptr<WorkerLink> w, asio::any_io_executor e)
      : options(std::move(o)),
        executor(e),
        store(std::move(s)),
        worker(std::move(w)),
        logs(options.data_dir),
        times_changed(e),
        scope(e, "farm") {}

  Farm::Options options;
  asio::any_io_executor executor;
  std::shared_ptr<Store> store;
  std::shared_ptr<WorkerLink> worker;
  boards::Inventory inventory;
  std::string lab_text;  ///< what `inventory` was read from

  std::map<std::uint64_t, OpenJob> jobs;      ///< not finished
  std::map<std::uint64_t, LeaseView> leases;  ///< waiting or active
  std::deque<LeaseView> ended_leases;         ///< the last few hundred, newest first
  std::map<std::string, FarmBoard> boards;
  Scheduler scheduler;
  TokenBook tokens;
  JobLogs logs;

  std::set<std::pair<UtcTime, std::uint64_t>> lease_ends;  ///< active leases
  std::set<std::pair<UtcTime, std::uint64_t>> queue_ends;  ///< jobs with timeouts.queue
  Event times_changed;

  std::uint64_t last_job = 0, last_lease = 0, last_event = 0, last_token = 0;
  std::uint64_t jobs_finished = 0, grants = 0;

  Followers<std::function<void(const FarmEvent&)>> followers =
      std::make_shared<std::list<std::shared_ptr<Follower<std::function<void(const FarmEvent&)>>>>>();
  Followers<std::function<void()>> log_followers =
      std::make_shared<std::list<std::shared_ptr<Follower<std::function<void()>>>>>();
  bool stopping = false;
  TaskScope scope;
};
using FarmRef = std::shared_ptr<FarmState>;

// farm_events.cpp
/// Adds an event to `changes`; save() announces it.
void add_event(FarmState& farm, Changes& changes, std::string kind, std::string subject, const nlohmann::json& data);
void add_audit(Changes& changes, const Principal& who, std::string action, std::string subject,
               std::string detail = {});
/// Makes `changes` durable, then announces their events, then runs `after`.
void save(FarmState& farm, Changes changes, std::function<void()> after = {});
/// The same, awaited.
Task<> save_and_wait(FarmRef farm, Changes changes);
std::shared_ptr<void> follow(FarmState& farm, std::function<void(const FarmEvent&)> handler);
std::shared_ptr<void> follow_log(FarmState& farm, std::uint64_t job, std::function<void()> on_growth);
void tell_log_followers(FarmState& farm, std::uint64_t job);

// farm_access.cpp
Result<> need(const Principal& who, Role role, std::string_view what);
[[nodiscard]] bool may_see(const Principal& who, const JobView& job);
/// The job, open or finished, if `who` may see it. Errors: not_found (job), for a private one too.
Result<JobRecord> visible_job(FarmState& farm, const Principal& who, std::uint64_t id);

// farm_submit.cpp
struct Submission {
  JobRecord job;
  jobs::Plan plan;
};
Result<Submission> check_submission(FarmState& farm, const Principal& who, const std::string& definition,
                                    const std::string& file);
Task<std::uint64_t> submit_job(FarmRef farm, Principal who, std::string definition, std::string file);
/// The lease that a queued job waits with. Takes a new number.
LeaseView lease_for(FarmState& farm, JobRecord& job);
/// Puts a stored job into memory and into the queue.
void enqueue_job(FarmState& farm, JobRecord job, LeaseView lease);

// farm_jobs.cpp
[[nodiscard]] JobView shown(const FarmState& farm, const JobRecord& job);
Task<Page<JobView>> list_jobs(FarmRef farm, Principal who, JobFilter filter);
Task<> cancel_job(FarmRef farm, Principal who, std::uint64_t id);
/// Cancels without asking who may.
void cancel_now(FarmState& farm, OpenJob& job, std::string reason);

// farm_run.cpp
/// The job has its board: sends it to the worker.
void start_job(FarmState& farm, OpenJob& job, Changes& changes);
/// The job is over: frees its board at once, and shows the outcome once it is durable.
void finish_job(FarmState& farm, std::uint64_t id, jobs::Outcome outcome);
void job_event(FarmState& farm, Changes& changes, const JobView& job);
/// Counts a result of the job, unless it is hilltop's own about an action (suite "lava").
void count_case(JobView& job, const jobs::TestCase& test_case);
void on_worker_event(FarmState& farm, WorkerEvent event);

// farm_leases.cpp
/// Grants what can be granted.
void dispatch(FarmState& farm);
Task<LeaseView> take_lease(FarmRef farm, Principal who, LeaseRequest request);
Task<LeaseView> extend_lease(FarmRef farm, Principal who, std::uint64_t id, std::chrono::seconds duration);
Task<> release_lease(FarmRef farm, Principal who, std::uint64_t id, std::string reason);
void end_lease(FarmState& farm, std::uint64_t id, std::string reason, Changes& changes);
[[nodiscard]] Request request_of(const FarmState& farm, const LeaseView& lease);
/// What a job asks of the scheduler, whatever lease it waits for.
[[nodiscard]] Request request_for(const JobRecord& job);
[[nodiscard]] LeaseView shown(const FarmState& farm, LeaseView lease);
/// Waits for ends of leases and queue time-outs, and acts on them.
Task<> watch_times(FarmRef farm);

// farm_boards.cpp
/// Works out the board's state, tells the scheduler, and adds an event when it has changed.
void refresh_board(FarmState& farm, FarmBoard& board, Changes& changes);
void set_board_health(FarmState& farm, FarmBoard& board, BoardHealth health, std::string reason, Changes& changes);
/// Its lease has ended: cleaned where a person had it, and given to the next.
void board_freed(FarmState& farm, FarmBoard& board, bool needs_cleaning, Changes& changes);
Result<> may_operate(FarmState& farm, const Principal& who, const std::string& board);
Task<> change_health(FarmRef farm, Principal who, std::string board, BoardHealth health, std::string reason);

// farm_lab.cpp
Task<boards::InventoryChange> apply_lab(FarmRef farm, Principal who, std::string text, std::string shown_as);
/// Boards as the inventory has them now. Value: names of those that must wait for their lease to end.
std::vector<std::string> merge_boards(FarmState& farm, Changes& changes);
/// merge_boards(), and tells the worker.
Task<> synchronise_boards(FarmRef farm);
/// The whole file. Errors: io (infrastructure).
Result<std::string> read_text(const std::filesystem::path& file);
/// Written beside it, synced and renamed. Errors: io (infrastructure).
Result<> replace_file(const std::filesystem::path& file, const std::string& text, unsigned mode);

// farm_tokens.cpp
Task<std::pair<TokenView, std::string>> create_token(FarmRef farm, Principal who, std::string user, std::string name,
                                                     Role role, std::string project, std::chrono::seconds valid_for);
Task<> revoke_token(FarmRef farm, Principal who, std::uint64_t id);
/// On the first start: a token of role admin in data_dir/admin.token, for the command line on this machine.
Task<> ensure_admin_token(FarmRef farm);

// farm_recovery.cpp
/// Takes over what the store holds: boards' health, queue, leases; ends what ran.
Task<> recover(FarmRef farm);

}  // namespace hilltop::controller
