// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "boards/board_session.hpp"
#include "boards/inventory.hpp"
#include "controller/worker/console_desk.hpp"
#include "boards/console/fault_watch.hpp"
#include "controller/worker/console_archive.hpp"
#include "controller/worker/dictionary_book.hpp"
#include "controller/worker/in_process.hpp"
#include "drivers/core/lane.hpp"

/// Inside of a worker. Everything here runs on the worker's thread.
namespace hilltop::controller {

struct WorkerBoard {
  boards::BoardConfig config;
  std::shared_ptr<boards::BoardSession> session;  ///< nullptr while it is not (yet) open
  std::string problem = "being opened";
  std::uint64_t job = 0;     ///< that runs on it
  std::uint64_t keeper = 0;  ///< the task that opens it
  std::string power_found, power_problem;  ///< as in BoardStatus
};

struct RunningJob {
  std::uint64_t task = 0;
  std::string cancel_reason;
};

struct WorkerCore {
  WorkerCore(asio::any_io_executor e, WorkerOptions o)
      : executor(e),
        options(std::move(o)),
        dictionaries(options.data_dir / "dictionaries"),
        scope(e, "worker"),
        closing(e, "worker closing") {}

  asio::any_io_executor executor;
  WorkerOptions options;
  std::function<void(WorkerEvent)> emit;  ///< hands an event to the controller
  std::map<std::string, std::shared_ptr<WorkerBoard>> boards;
  std::map<std::uint64_t, RunningJob> jobs;
  std::map<std::vector<std::string>, boards::RuleSet> rules;  ///< by packs: boards of one type share what was compiled
  std::shared_ptr<drivers::BootServer> boot_server;  ///< as boot_settings say; nullptr: none could be started
  boards::BootServerSettings boot_settings;
  std::shared_ptr<ConsoleDesk> desk;  ///< never nullptr
  std::vector<boards::ConsolePortConfig> lab_ports;  ///< at which boards' consoles are served while they are open
  std::shared_ptr<ConsoleArchive> archive;     ///< never nullptr
  std::unique_ptr<boards::FaultWatch> faults;  ///< never nullptr while boards are open
  DictionaryBook dictionaries;
  Lane copying;                       ///< of databases into it
  TaskScope scope;                    ///< jobs, commands, boards being opened
  TaskScope closing;                  ///< what must run to its end while `scope` is canceled
  std::atomic<bool> gone{false};
};
using Worker = std::shared_ptr<WorkerCore>;

/// The desk of `worker`, which tells the controller of its changes.
std::shared_ptr<ConsoleDesk> make_desk(const Worker& worker);
/// Serves the consoles of a board that was opened at the lab's ports. What cannot be had is in the daemon's log.
void open_lab_ports(const Worker& worker, const std::shared_ptr<boards::BoardSession>& session);
/// The same for all boards that are open, where the lab file says something else than before.
Task<> apply_lab_ports(Worker worker, std::vector<boards::ConsolePortConfig> wanted);
/// The open session of a board. Errors: not_found (job); unavailable (infrastructure) with its problem.
Result<std::shared_ptr<boards::BoardSession>> session_of(const Worker& worker, const std::string& board);
/// Tells the controller how the board stands.
void emit_status(const Worker& worker, const WorkerBoard& board);

/// Makes `archive` and `faults`.
void open_archive(const Worker& worker);
/// Looks for faults on a board's consoles, all the time, until unwatch_faults().
void watch_faults(const Worker& worker, const boards::BoardSession& session);
void unwatch_faults(const Worker& worker, const boards::BoardSession& session);

/// Takes dictionary logs on the board's consoles apart by the database in `file`, from now on until
/// forget_dictionary(), when the lease ends. Errors: io, unavailable (infrastructure).
Task<> use_dictionary(Worker worker, std::string board, std::filesystem::path file, std::string mode);
void forget_dictionary(const Worker& worker, const boards::BoardSession& session);

Task<WorkerReply> execute(Worker worker, WorkerCommand command, Deadline deadline);

// One function a command.
Task<WorkerReply> run_job(Worker worker, RunJob command, Deadline deadline);
Task<WorkerReply> cancel_job(Worker worker, CancelJob command, Deadline deadline);
Task<WorkerReply> switch_power(Worker worker, PowerCommand command, Deadline deadline);
Task<WorkerReply> reset_board(Worker worker, ResetCommand command, Deadline deadline);
Task<WorkerReply> flash_board(Worker worker, FlashCommand command, Deadline deadline);
Task<WorkerReply> clean_board(Worker worker, CleanBoard command, Deadline deadline);
Task<WorkerReply> read_console(Worker worker, ConsoleRead command, Deadline deadline);
Task<WorkerReply> write_console(Worker worker, ConsoleWrite command, Deadline deadline);
Task<WorkerReply> claim_console(Worker worker, ConsoleClaim command);
Task<WorkerReply> release_console(Worker worker, ConsoleRelease command);
Task<WorkerReply> export_console(Worker worker, ConsoleExport command);
Task<WorkerReply> unexport_console(Worker worker, ConsoleUnexport command);
Task<WorkerReply> apply_inventory(Worker worker, ApplyInventory command, Deadline deadline);

Task<WorkerReply> count_consoles(Worker worker);
Task<WorkerReply> discover_hardware(Worker worker);
Task<WorkerReply> check_lab_hardware(Worker worker, Deadline deadline);
Task<WorkerReply> identify_board(Worker worker, IdentifyBoard command, Deadline deadline);

/// The boot server as `wanted` says, made anew when that has changed. Errors: busy (infrastructure) while a job runs
/// that may use the old one; those of WorkerOptions::start_boot_server, after which there is one without any port.
Task<> apply_boot_server(Worker worker, boards::BootServerSettings wanted, Deadline deadline);

/// Closes every board. Nothing may run any more.
asio::awaitable<void> close_all(Worker worker, Deadline deadline);

}  // namespace hilltop::controller
