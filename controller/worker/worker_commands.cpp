// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "controller/worker/worker_core.hpp"
#include "jobs/action/image_format.hpp"

namespace hilltop::controller {
namespace {

using drivers::FlashImage;
using drivers::ImageFormat;
using drivers::PowerState;

constexpr std::uint32_t most_console_bytes = 1 << 20;

/// What kind of image a file is, its own first bytes say.
Result<FlashImage> image_of(const std::string& path, const boards::BoardType& type) {
  HILLTOP_TRY(const auto format, jobs::image_format_of(path));
  FlashImage out;
  out.path = path;
  out.format = format;
  if (format != ImageFormat::raw) return out;
  if (!type.flash.raw_address)
    return Error(Errc::bad_input, Blame::job,
                 fmt::format("{} is no ELF, Intel HEX, S-record or UF2 file, and board type {} does not say where raw "
                             "images go",
                             path, type.name));
  out.address = type.flash.raw_address;
  return out;
}

/// Bytes after `from` if there are any; a board without power has none, and may get some later.
Task<boards::ConsoleChunk> next_bytes(Worker worker, std::shared_ptr<boards::Console> console, std::uint64_t from,
                                      std::uint32_t max, Deadline deadline) {
  for (;;) {
    auto chunk = co_await console->read(from, max, deadline);
    if (chunk || chunk.error().code == Errc::timeout || chunk.error().code == Errc::canceled) co_return chunk;
    if (worker->options.engine->find(console->board(), console->name()) != console) co_return chunk;  // closed
    if (deadline.passed()) co_return Error(Errc::timeout, Blame::infrastructure, "time is over");
    HILLTOP_CO_CHECK(co_await sleep_for(20ms));  // down: its reader is told at once, and would spin
  }
}

WorkerReply reply_of(boards::ConsoleChunk chunk) {
  WorkerReply out;
  out.offset = chunk.offset;
  out.lost = chunk.lost;
  out.bytes = std::move(chunk.bytes);
  out.time = chunk.time;
  return out;
}

Task<WorkerReply> read_live(Worker worker, std::shared_ptr<boards::Console> console, std::uint64_t from,
                            std::uint32_t max, Deadline deadline) {
  auto chunk = co_await next_bytes(std::move(worker), console, from, max, deadline);
  if (chunk) co_return reply_of(*std::move(chunk));
  if (chunk.error().code != Errc::timeout) co_return std::move(chunk).error();
  WorkerReply out;
  out.offset = std::max(from, console->end());
  co_return out;
}

Result<PowerState> wanted_power(const std::string& action) {
  if (action == "on") return PowerState::on;
  if (action == "off") return PowerState::off;
  return Error(Errc::bad_input, Blame::job, fmt::format("power: '{}' is none of on, off, cycle, status", action));
}

Task<> do_power(std::shared_ptr<boards::BoardSession> session, std::string action, Deadline deadline) {
  if (action == "cycle") co_return co_await session->power_cycle(deadline);
  HILLTOP_CO_TRY(const auto wanted, wanted_power(action));
  co_return co_await session->power(wanted, deadline);
}

void tell(const Worker& worker, const std::string& board) {
  if (const auto found = worker->boards.find(board); found != worker->boards.end()) emit_status(worker, *found->second);
}

}  // namespace

Task<WorkerReply> switch_power(Worker worker, PowerCommand command, Deadline deadline) {
  HILLTOP_CO_TRY(auto session, session_of(worker, command.board));
  WorkerReply out;
  if (command.action == "status") {
    HILLTOP_CO_TRY(const auto state, co_await session->power_state(deadline));
    out.text = to_string(state);
    co_return out;
  }
  auto done = co_await do_power(session, command.action, deadline);
  tell(worker, command.board);
  if (!done && command.action == "cycle") co_return std::move(done).error().within("power cycle");
  if (!done) co_return std::move(done).error();  // it says already what was to be done
  out.text = to_string(session->last_power_state());
  co_return out;
}

Task<WorkerReply> reset_board(Worker worker, ResetCommand command, Deadline deadline) {
  HILLTOP_CO_TRY(auto session, session_of(worker, command.board));
  if (command.kind != "hard" && command.kind != "soft")
    co_return Error(Errc::bad_input, Blame::job, fmt::format("reset: '{}' is neither hard nor soft", command.kind));
  HILLTOP_CO_CHECK(
      co_await session->reset(command.kind == "hard" ? drivers::ResetKind::hard : drivers::ResetKind::soft, deadline));
  co_return WorkerReply{};
}

Task<WorkerReply> flash_board(Worker worker, FlashCommand command, Deadline deadline) {
  HILLTOP_CO_TRY(auto session, session_of(worker, command.board));
  const auto& facts = session->type().flash;
  if (command.files.empty() || command.files.size() > facts.max_images)
    co_return Error(Errc::bad_input, Blame::job,
                    fmt::format("board type {} takes 1 to {} files, not {}", session->type().name, facts.max_images,
                                command.files.size()));
  std::vector<FlashImage> images;
  for (const auto& file : command.files) {
    HILLTOP_CO_TRY(auto image, image_of(file, session->type()));
    images.push_back(std::move(image));
  }
  auto progress = [worker, board = command.board, shown = Deadline::after(0s)](std::uint64_t done,
                                                                               std::uint64_t total) mutable {
    if (done < total && !shown.passed()) return;
    shown = Deadline::after(100ms);
    if (worker->emit) worker->emit(FlashProgressed{board, done, total});
  };
  auto flashed = co_await session->flash(std::move(images), std::move(progress), deadline);
  tell(worker, command.board);
  if (!flashed) co_return std::move(flashed).error();
  co_return WorkerReply{};
}

Task<WorkerReply> clean_board(Worker worker, CleanBoard command, Deadline deadline) {
  HILLTOP_CO_CHECK(co_await ConsoleDesk::clear(worker->desk, command.board));
  HILLTOP_CO_TRY(auto session, session_of(worker, command.board));
  auto cleaned = co_await session->clean(deadline);
  forget_dictionary(worker, *session);  // what it said at its end is still this lease's
  tell(worker, command.board);
  if (!cleaned) co_return std::move(cleaned).error();
  co_return WorkerReply{};
}

Task<WorkerReply> read_console(Worker worker, ConsoleRead command, Deadline deadline) {
  HILLTOP_CO_TRY(auto session, session_of(worker, command.board));
  auto console = session->console(command.console);
  if (!console)
    co_return Error(Errc::not_found, Blame::job,
                    fmt::format("board {} has no console '{}'", command.board, command.console));
  const auto from = command.from == UINT64_MAX ? console->end() : command.from;
  const auto max = std::clamp(command.max, 1U, most_console_bytes);
  const auto patience = deadline.at_most(std::chrono::milliseconds(command.wait_ms));
  if (!command.exact || from >= console->end()) {
    auto live = co_await read_live(worker, console, from, max, patience);
    if (!live || !command.exact || live->bytes.empty()) co_return live;
  }
  WorkerReply out;
  out.offset = from;
  HILLTOP_CO_TRY(out.bytes, co_await console->fetch(from, from + max, deadline));
  co_return out;
}

Task<WorkerReply> write_console(Worker worker, ConsoleWrite command, Deadline deadline) {
  HILLTOP_CO_TRY(auto session, session_of(worker, command.board));
  auto console = session->console(command.console);
  if (!console)
    co_return Error(Errc::not_found, Blame::job,
                    fmt::format("board {} has no console '{}'", command.board, command.console));
  HILLTOP_CO_CHECK(worker->desk->may_type(command.board, console->name(), command.writer));
  auto typing = session->type().typing;
  typing.check_echo = false;  // a person sees the echo, and may be typing to something that has none
  HILLTOP_CO_CHECK(co_await console->write(std::move(command.bytes), typing, deadline));
  co_return WorkerReply{};
}

Task<WorkerReply> execute(Worker worker, WorkerCommand command, Deadline deadline) {
  struct Dispatch {
    Worker worker;
    Deadline deadline;
    Task<WorkerReply> operator()(RunJob c) { return run_job(worker, std::move(c), deadline); }
    Task<WorkerReply> operator()(CancelJob c) { return cancel_job(worker, std::move(c), deadline); }
    Task<WorkerReply> operator()(PowerCommand c) { return switch_power(worker, std::move(c), deadline); }
    Task<WorkerReply> operator()(ResetCommand c) { return reset_board(worker, std::move(c), deadline); }
    Task<WorkerReply> operator()(FlashCommand c) { return flash_board(worker, std::move(c), deadline); }
    Task<WorkerReply> operator()(CleanBoard c) { return clean_board(worker, std::move(c), deadline); }
    Task<WorkerReply> operator()(ConsoleRead c) { return read_console(worker, std::move(c), deadline); }
    Task<WorkerReply> operator()(ConsoleWrite c) { return write_console(worker, std::move(c), deadline); }
    Task<WorkerReply> operator()(ConsoleClaim c) { return claim_console(worker, std::move(c)); }
    Task<WorkerReply> operator()(ConsoleRelease c) { return release_console(worker, std::move(c)); }
    Task<WorkerReply> operator()(ConsoleExport c) { return export_console(worker, std::move(c)); }
    Task<WorkerReply> operator()(ConsoleUnexport c) { return unexport_console(worker, std::move(c)); }
    Task<WorkerReply> operator()(TranscriptList c) { return ConsoleArchive::list(worker->archive, std::move(c)); }
    Task<WorkerReply> operator()(TranscriptFind c) { return ConsoleArchive::find(worker->archive, std::move(c)); }
    Task<WorkerReply> operator()(TranscriptPageRead c) { return ConsoleArchive::page(worker->archive, std::move(c)); }
    Task<WorkerReply> operator()(TranscriptGrep c) { return ConsoleArchive::grep(worker->archive, std::move(c)); }
    Task<WorkerReply> operator()(ConsoleCounters) { return count_consoles(worker); }
    Task<WorkerReply> operator()(DiscoverHardware) { return discover_hardware(worker); }
    Task<WorkerReply> operator()(CheckHardware) { return check_lab_hardware(worker, deadline); }
    Task<WorkerReply> operator()(IdentifyBoard c) { return identify_board(worker, std::move(c), deadline); }
    Task<WorkerReply> operator()(ApplyInventory c) { return apply_inventory(worker, std::move(c), deadline); }
  };
  return std::visit(Dispatch{std::move(worker), deadline}, std::move(command));
}

}  // namespace hilltop::controller
