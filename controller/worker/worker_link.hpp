// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <variant>
#include <vector>

#include "controller/console_use.hpp"
#include "drivers/core/clock.hpp"
#include "drivers/core/task.hpp"
#include "jobs/results.hpp"

/// The seam between controller and worker: serialisable commands and events, nothing shared (DESIGN.md 3).
/// In-process today; over a bus later. A test sends every message through JSON and back.
namespace hilltop::controller {

struct RunJob {
  std::uint64_t job = 0;
  std::string board;
  std::string definition;  ///< the text as submitted: the worker plans it itself
  std::string file_name;
};
struct CancelJob {
  std::uint64_t job = 0;
  std::string reason;
};
struct PowerCommand {
  std::string board;
  std::string action;  ///< on, off, cycle, status
};
struct ResetCommand {
  std::string board;
  std::string kind;  ///< hard, soft
};
struct FlashCommand {
  std::string board;
  std::vector<std::string> files;  ///< paths on the worker
};
struct CleanBoard {
  std::string board;
};
/// A long poll: answers when there is a byte at `from` or `wait_ms` have passed (then empty).
struct ConsoleRead {
  std::string board, console;
  std::uint64_t from = 0;  ///< past the end: waits for it; UINT64_MAX: where the console stands now
  std::uint32_t max = 65536;
  std::uint32_t wait_ms = 0;
  bool exact = false;  ///< from the transcript, without gaps
};
struct ConsoleWrite {
  std::string board, console;
  std::string bytes;
  std::string writer;  ///< the id that claimed the console; refused (busy, job) when another one has
};
/// Asks to be the one who types at a console, until ConsoleRelease, another one's `take` or the end of the lease.
struct ConsoleClaim {
  std::string board, console;
  std::string writer;  ///< an id of the caller's own
  std::string name;    ///< the user
  std::string from;    ///< "web"
  bool take = false;   ///< put out who types now
};
struct ConsoleRelease {
  std::string board, console, writer;
};
/// Serves a console at a TCP port until the lease ends; answers where (`text`).
struct ConsoleExport {
  std::string board, console;
  std::string protocol;  ///< raw, rfc2217
  std::string address;
  std::uint32_t port = 0;  ///< 0: a free one
  std::string name;        ///< the user
};
/// Closes all ports of a board.
struct ConsoleUnexport {
  std::string board;
};
/// What is stored of consoles, open or not. `text`: a JSON list of {"board","console","first","end"}.
struct TranscriptList {
  std::string board;  ///< "": all
};
/// `offset`: of the first byte that was read at or after `time`; the end where there is none.
struct TranscriptFind {
  std::string board, console;
  UtcTime time;
};
/// A page of a transcript: `offset`, `bytes`, and in `text` when they were read and what else happened.
struct TranscriptPageRead {
  std::string board, console;
  std::uint64_t from = 0, to = UINT64_MAX;
  std::uint32_t max = 1 << 20;
  bool first = true;  ///< of its export: records at `from` are wanted, too
};
/// Searches transcripts for a quarter of a second. `text`: a JSON object a line for each hit; `offset`: the number of
/// this search, to go on with; `lost`: 1 when it is over. A search that nobody goes on with for a minute is forgotten.
struct TranscriptGrep {
  std::uint64_t search = 0;  ///< 0: a new one; else only this counts
  std::vector<std::string> boards;
  std::string console, channel, pattern;  ///< "": any; the pattern: none
  std::vector<std::string> packs;         ///< rule packs to look for, too
  UtcTime since, until;                   ///< 1970: from the beginning, to the end
};
/// `text`: a JSON object of the consoles' counters, for /metrics.
struct ConsoleCounters {};
/// What is plugged in, beside what the lab file says of it. `text`: JSON as boards/discovery.hpp makes it.
struct DiscoverHardware {};
/// What stands between the lab file and boards that work. `text`: JSON as boards/doctor.hpp makes it.
struct CheckHardware {};
/// What a board's probe says. `text`: a JSON object of name, serial, firmware and target.
struct IdentifyBoard {
  std::string board;
};
struct ApplyInventory {
  std::string text, file_name;    ///< of the lab file
  std::vector<std::string> keep;  ///< boards that are in use: left as they are for now, even when changed or gone
};
using WorkerCommand =
    std::variant<RunJob, CancelJob, PowerCommand, ResetCommand, FlashCommand, CleanBoard, ConsoleRead, ConsoleWrite,
                 ConsoleClaim, ConsoleRelease, ConsoleExport, ConsoleUnexport, ApplyInventory, TranscriptList,
                 TranscriptFind, TranscriptPageRead, TranscriptGrep, ConsoleCounters, DiscoverHardware, CheckHardware,
                 IdentifyBoard>;

/// What a command answers; fields that do not apply are empty.
struct WorkerReply {
  std::string text;          ///< power: "on", "off", "unknown"
  std::uint64_t offset = 0;  ///< console_read: of bytes[0]; where the console stands when bytes is empty
  std::uint64_t lost = 0;
  std::string bytes;
  UtcTime time;
};

struct JobLogged {
  std::uint64_t job = 0;
  std::uint64_t first_line = 1;
  std::vector<jobs::LogLine> lines;
};
struct JobResult {
  std::uint64_t job = 0;
  jobs::TestCase test_case;
};
struct JobAction {
  std::uint64_t job = 0;
  std::string level, name;
  bool ended = false, ok = false;
  double duration_s = 0;
};
struct JobFinished {
  std::uint64_t job = 0;
  jobs::Outcome outcome;
};
struct BoardStatus {
  std::string board;
  std::string power;  ///< on, off, unknown
  std::vector<std::string> consoles, offers;
  std::string problem;  ///< "" when all is well: else why the board cannot be used
  std::vector<ConsoleWriter> writers = {};
  std::vector<ConsolePortView> ports = {};
  std::string power_found = {};    ///< "on" or "off" where the unit says so, though nobody switched it
  std::string power_problem = {};  ///< why the unit could not be asked
};
struct BoardLost {
  std::string board, reason;  ///< power lost without having been switched
};
struct FlashProgressed {
  std::string board;
  std::uint64_t done = 0, total = 0;
};
/// A rule of the board's software was broken while no job ran.
struct BoardFault {
  std::string board, console, channel, rule, summary, line;
  std::uint64_t offset = 0;
  std::uint32_t count = 1;  ///< times since the last word of this rule
};
using WorkerEvent =
    std::variant<JobLogged, JobResult, JobAction, JobFinished, BoardStatus, BoardLost, FlashProgressed, BoardFault>;

[[nodiscard]] nlohmann::json to_json(const WorkerCommand& command);
[[nodiscard]] Result<WorkerCommand> worker_command_from(const nlohmann::json& text);
[[nodiscard]] nlohmann::json to_json(const WorkerEvent& event);
[[nodiscard]] Result<WorkerEvent> worker_event_from(const nlohmann::json& text);
[[nodiscard]] nlohmann::json to_json(const WorkerReply& reply);
[[nodiscard]] Result<WorkerReply> worker_reply_from(const nlohmann::json& text);

/// The controller's end of the seam.
class WorkerLink {
 public:
  virtual ~WorkerLink() = default;
  /// Sends a command and waits for its answer. RunJob answers when the job has been taken on; its events follow.
  /// Errors: those of the command; unavailable (infrastructure) when the worker is gone; timeout.
  /// Thread: any coroutine; resumes at home.
  virtual Task<WorkerReply> call(WorkerCommand command, Deadline deadline) = 0;
  /// Where events go: called on the control thread, in order. Set once, before the first command.
  virtual void on_event(std::function<void(WorkerEvent)> handler) = 0;
  /// Ends jobs and boards; no event follows.
  virtual Task<> shut_down(Deadline deadline) = 0;
};

}  // namespace hilltop::controller
