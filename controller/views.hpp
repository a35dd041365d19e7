// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "controller/console_use.hpp"
#include "drivers/core/clock.hpp"
#include "jobs/results.hpp"

/// Plain structs that cross from the control thread to the web and back. Copies: nobody shares the farm's state.
namespace hilltop::controller {

enum class Role : std::uint8_t { viewer, submitter, technician, admin };  ///< each may do what the ones before it may
[[nodiscard]] std::string_view to_string(Role role) noexcept;
[[nodiscard]] std::optional<Role> role_from(std::string_view text) noexcept;

/// Who asks: set by the web layer from a token, before anything is asked of the farm.
struct Principal {
  std::string user;  ///< login name
  Role role = Role::viewer;
  std::string project;  ///< what the token belongs to; "default" when it says none
  std::vector<std::string> groups;
};

enum class BoardState : std::uint8_t { idle, leased, cleaning, offline };
enum class BoardHealth : std::uint8_t { unknown, good, suspect, bad, maintenance, retired };
[[nodiscard]] std::string_view to_string(BoardState state) noexcept;
[[nodiscard]] std::string_view to_string(BoardHealth health) noexcept;
[[nodiscard]] std::optional<BoardHealth> board_health_from(std::string_view text) noexcept;
/// Whether the allocator may give the board away.
[[nodiscard]] constexpr bool schedulable(BoardState state, BoardHealth health) {
  return state == BoardState::idle && (health == BoardHealth::good || health == BoardHealth::unknown);
}
static_assert(!schedulable(BoardState::idle, BoardHealth::maintenance));

struct BoardView {
  std::string name, type, description, worker;
  std::vector<std::string> tags;
  BoardState state = BoardState::idle;
  BoardHealth health = BoardHealth::unknown;
  std::string health_reason;
  std::string problem;  ///< why it is offline: "" when all is well
  std::string power;    ///< "on", "off", "unknown": as last switched or read
  std::string power_found, power_problem;  ///< as in BoardStatus
  std::vector<std::string> consoles;
  std::vector<std::string> offers;     ///< "power", "console", "probe", "flash"
  std::optional<std::uint64_t> lease;  ///< who has it
  std::string holder;                  ///< user of that lease
  std::optional<std::uint64_t> job;    ///< running on it
  std::vector<ConsoleWriter> writers;  ///< who types at its consoles
  std::vector<ConsolePortView> ports;  ///< where its consoles are served
};

enum class LeaseState : std::uint8_t { waiting, active, ended };
[[nodiscard]] std::string_view to_string(LeaseState state) noexcept;
[[nodiscard]] std::optional<LeaseState> lease_state_from(std::string_view text) noexcept;

/// A reservation and the lease that it becomes: one record, for jobs and people alike.
struct LeaseView {
  std::uint64_t id = 0;
  LeaseState state = LeaseState::waiting;
  std::string owner, project;
  std::string wanted;  ///< board type or board name as asked
  std::vector<std::string> tags;
  std::string board;                 ///< "" while waiting
  std::optional<std::uint64_t> job;  ///< the job that holds it
  std::uint32_t priority = 50;
  std::chrono::seconds duration{0};       ///< as asked for, or last extended to
  UtcTime created, started, ends, ended;  ///< zero (epoch) where it has not happened
  std::string end_reason;                 ///< "released", "expired", "revoked by ann", "job finished"
  std::string waiting_for;                ///< why it waits, one sentence
};

enum class JobState : std::uint8_t { submitted, scheduled, running, canceling, finished };
[[nodiscard]] std::string_view to_string(JobState state) noexcept;
[[nodiscard]] std::optional<JobState> job_state_from(std::string_view text) noexcept;

struct JobView {
  std::uint64_t id = 0;
  std::string name, project, submitter, board_type, board;
  JobState state = JobState::submitted;
  std::uint32_t priority = 50;
  std::uint32_t attempt = 1;
  UtcTime submitted, started, finished;  ///< zero (epoch) where it has not happened
  std::optional<jobs::Outcome> outcome;  ///< when finished
  std::vector<std::string> tags;
  bool is_public = true;
  std::vector<std::string> viewing_groups;
  std::string waiting_for;     ///< why it waits, one sentence
  std::string current_action;  ///< "2.1 auto-login-action" while it runs
  std::optional<std::uint64_t> lease;
  std::uint64_t cases = 0, passed = 0, failed = 0;  ///< of the job's tests; suite "lava" (its actions) is not counted
  std::optional<std::uint64_t> rerun_of;  ///< the job whose failure this one repeats
};

/// The JSON of a job as scripts rely on it (DESIGN.md 6), with suites when `cases` is given.
[[nodiscard]] nlohmann::json to_json(const JobView& job, const std::vector<jobs::TestCase>* cases);
[[nodiscard]] nlohmann::json to_json(const BoardView& board);
/// {"writers","ports"} of a board.
[[nodiscard]] nlohmann::json console_use_json(const BoardView& board);
[[nodiscard]] nlohmann::json to_json(const LeaseView& lease);

/// Something that happened. `seq` grows by one, survives a restart, and is the cursor of event streams.
struct FarmEvent {
  std::uint64_t seq = 0;
  UtcTime time;
  std::string
      kind;  ///< "job.state", "job.result", "job.action", "board.state", "board.health", "board.power", "lease", "lab"
  std::string subject;  ///< job id, board name, lease id
  std::string data;     ///< JSON text
};

struct TokenView {
  std::uint64_t id = 0;
  std::string user, name, project;
  Role role = Role::viewer;
  UtcTime created, expires, last_used;  ///< zero: never
  bool revoked = false;
};

}  // namespace hilltop::controller
