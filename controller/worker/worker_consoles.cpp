// SPDX-License-Identifier: Apache-2.0
// Who types at a console, and the ports at which consoles are served.
#include <fmt/format.h>

#include "controller/worker/worker_core.hpp"

namespace hilltop::controller {
namespace {

Result<std::shared_ptr<boards::Console>> console_of(const Worker& worker, const std::string& board,
                                                    const std::string& name) {
  HILLTOP_TRY(const auto session, session_of(worker, board));
  auto console = session->console(name);
  if (!console) return Error(Errc::not_found, Blame::job, fmt::format("board {} has no console '{}'", board, name));
  return console;
}

}  // namespace

std::shared_ptr<ConsoleDesk> make_desk(const Worker& worker) {
  return std::make_shared<ConsoleDesk>(worker->executor, [weak = std::weak_ptr(worker)](const std::string& board) {
    const auto core = weak.lock();
    if (!core || core->gone) return;
    if (const auto found = core->boards.find(board); found != core->boards.end()) emit_status(core, *found->second);
  });
}

Task<WorkerReply> claim_console(Worker worker, ConsoleClaim command) {
  HILLTOP_CO_TRY(const auto console, console_of(worker, command.board, command.console));
  ConsoleWriter writer;
  writer.console = console->name();
  writer.id = command.writer;
  writer.name = command.name;
  writer.from = command.from;
  HILLTOP_CO_CHECK(worker->desk->claim(command.board, std::move(writer), command.take));
  co_return WorkerReply{};
}

Task<WorkerReply> release_console(Worker worker, ConsoleRelease command) {
  HILLTOP_CO_TRY(const auto console, console_of(worker, command.board, command.console));
  worker->desk->release(command.board, console->name(), command.writer);
  co_return WorkerReply{};
}

Task<WorkerReply> export_console(Worker worker, ConsoleExport command) {
  HILLTOP_CO_TRY(const auto session, session_of(worker, command.board));
  HILLTOP_CO_TRY(const auto console, console_of(worker, command.board, command.console));
  const auto kind = port_kind_from(command.protocol);
  if (!kind || command.port > UINT16_MAX)
    co_return Error(Errc::bad_input, Blame::job, "a console is served as raw or rfc2217, at a port from 0 to 65535");
  ConsoleDesk::PortRequest request;
  request.console = console->name();
  request.kind = *kind;
  request.address = command.address;
  request.port = static_cast<std::uint16_t>(command.port);
  request.owner = command.name;
  auto is_open = [weak = std::weak_ptr(worker), console] {
    const auto core = weak.lock();
    return core && core->options.engine && core->options.engine->find(console->board(), console->name()) == console;
  };
  WorkerReply out;
  HILLTOP_CO_TRY(out.text, worker->desk->open_port(session, std::move(request), std::move(is_open)));
  co_return out;
}

Task<WorkerReply> unexport_console(Worker worker, ConsoleUnexport command) {
  HILLTOP_CO_CHECK(co_await ConsoleDesk::close_ports(worker->desk, command.board));
  co_return WorkerReply{};
}

}  // namespace hilltop::controller
