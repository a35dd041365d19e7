// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "controller/views.hpp"
#include "drivers/core/task.hpp"

namespace hilltop::controller {

/// A job as it is stored: what is shown, and what the farm needs to go on with it after a restart.
struct JobRecord {
  JobView view;
  std::string file_name;              ///< for messages about its definition
  std::string pin_board, pin_worker;  ///< asked for by name; "" = any
  std::string avoid_board;            ///< a re-run's: where the last attempt failed
  std::uint32_t max_attempts = 1;     ///< failure_retry
  std::chrono::seconds job_timeout{0};
  std::chrono::seconds queue_timeout{0};  ///< 0: waits for ever
};

struct BoardRecord {
  std::string name, type;
  BoardHealth health = BoardHealth::unknown;
  std::string health_reason;
};

struct TokenRecord {
  TokenView view;
  std::string hash;  ///< BLAKE2b of the token, hex
};

// What may be changed. Numbers (ids, sequence) are given by the farm, which is the only writer.
struct InsertJob {
  JobRecord job;
  std::string definition;  ///< "" takes over that of job.view.rerun_of
};
struct UpdateJob {
  JobRecord job;
};
struct PutLease {
  LeaseView lease;
};
struct PutBoard {
  BoardRecord board;
};
struct AddCase {
  std::uint64_t job = 0;
  std::uint64_t number = 0;  ///< 1-based, in order of reporting
  jobs::TestCase test_case;
};
struct AddEvent {
  FarmEvent event;
};
struct PutToken {
  TokenRecord token;
};
/// Makes the user, and the project and role in it, where there is none yet.
struct PutUser {
  std::string user, project;
  Role role = Role::viewer;
};
/// Makes the group where there is none, and the user its member.
struct PutMember {
  std::string user, group;
};
struct AddAudit {
  UtcTime time;
  std::string user, action, subject, detail;
};
using Change =
    std::variant<InsertJob, UpdateJob, PutLease, PutBoard, AddCase, AddEvent, PutToken, PutUser, PutMember, AddAudit>;
using Changes = std::vector<Change>;

struct Membership {
  std::string user, group;
};

/// What the farm needs to go on after a restart.
struct StoredFarm {
  std::vector<JobRecord> open_jobs;    ///< not finished, oldest first
  std::vector<LeaseView> open_leases;  ///< waiting or active, oldest first
  std::vector<BoardRecord> boards;
  std::vector<TokenRecord> tokens;
  std::vector<Membership> memberships;
  std::uint64_t last_job = 0, last_lease = 0, last_event = 0, last_token = 0;
};

/// Which jobs a list shows. Empty text: any.
struct JobQuery {
  std::string state, verdict, board, board_type, submitter, project;
  std::uint64_t before = 0;  ///< ids below it; 0: from the newest
  std::size_t limit = 50;
};

/// Everything that survives a restart. One writer; what is written together becomes durable together, in order.
/// Errors, everywhere: io, unavailable (infrastructure).
class Store {
 public:
  virtual ~Store() = default;  ///< all that was given to write() is written

  /// Makes `changes` durable (power cut included), all of them or none, after all that was written before.
  /// Then `done` runs on the store's home executor, in order of the calls. Many waiting calls share one commit.
  /// Thread: any.
  virtual void write(Changes changes, std::function<void(Result<>)> done) = 0;

  /// At start, before anything is written. Blocks.
  virtual Result<StoredFarm> load() = 0;

  virtual Task<std::vector<JobRecord>> jobs(JobQuery query) = 0;  ///< newest first
  virtual Task<std::string> definition(std::uint64_t job) = 0;    ///< Errors: not_found (job)
  virtual Task<std::vector<jobs::TestCase>> cases(std::uint64_t job) = 0;
  virtual Task<std::vector<FarmEvent>> events_after(std::uint64_t seq, std::size_t limit) = 0;
  virtual Task<std::vector<LeaseView>> ended_leases(std::size_t limit) = 0;  ///< newest first
  /// One job by its number. Blocks for one look-up by primary key: tens of microseconds.
  /// Thread: home. Errors: not_found (job).
  virtual Result<JobRecord> job_now(std::uint64_t id) = 0;
  /// One lease by its number, as job_now().
  virtual Result<LeaseView> lease_now(std::uint64_t id) = 0;
};

/// write(), awaited. Thread: home.
Task<> commit(std::shared_ptr<Store> store, Changes changes);

struct SqliteOptions {
  std::filesystem::path file;
  asio::any_io_executor home;  ///< where write()'s callbacks run
};

/// Opens (or makes) the database file. An older schema is upgraded, after a copy was made beside it
/// (FILE.before-version-N). Errors: configuration for a file that a newer hilltop has written, or that is none of ours.
Result<std::shared_ptr<Store>> open_sqlite_store(SqliteOptions options);

}  // namespace hilltop::controller
