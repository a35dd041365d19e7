// SPDX-License-Identifier: Apache-2.0
// Who types at a console, and the ports at which consoles are served.
#include <fmt/format.h>

#include <utility>

#include "controller/worker/worker_core.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::controller {
namespace {

Result<std::shared_ptr<boards::Console>> console_of(const Worker& worker, const std::string& board,
                                                    const std::string& name) {
  HILLTOP_TRY(const auto session, session_of(worker, board));
  auto console = session->console(name);
  if (!console) return Error(Errc::not_found, Blame::job, fmt::format("board {} has no console '{}'", board, name));
  return console;
}

/// Says whether the engine still has `console`.
std::function<bool()> is_open_asker(const Worker& worker, std::shared_ptr<boards::Console> console) {
  return [weak = std::weak_ptr(worker), console = std::move(console)] {
    const auto core = weak.lock();
    return core && core->options.engine && core->options.engine->find(console->board(), console->name()) == console;
  };
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
  WorkerReply out;
  if (command.port == 0) {
    if (auto where = worker->desk->lend_lab_port(command.board, console->name(), *kind, command.name)) {
      out.text = *std::move(where);
      co_return out;
    }
  }
  HILLTOP_CO_TRY(out.text, worker->desk->open_port(session, std::move(request), is_open_asker(worker, console)));
  co_return out;
}

void open_lab_ports(const Worker& worker, const std::shared_ptr<boards::BoardSession>& session) {
  const auto& board = session->config().name;
  for (const auto& port : worker->lab_ports) {
    const auto console = port.board == board ? session->console(port.console) : nullptr;
    if (!console) continue;
    ConsoleDesk::PortRequest request;
    request.console = console->name();
    request.kind = port_kind_from(port.protocol).value_or(PortKind::rfc2217);
    request.address = port.address;
    request.port = port.port;
    auto opened = worker->desk->open_lab_port(session, std::move(request), is_open_asker(worker, console));
    if (!opened) log::error("console_ports: {}/{}: {}", board, port.console, opened.error().text);
  }
}

Task<> apply_lab_ports(Worker worker, std::vector<boards::ConsolePortConfig> wanted) {
  if (worker->lab_ports == wanted) co_return ok();
  const auto of_board = [](const auto& ports, const std::string& board) {
    std::vector<boards::ConsolePortConfig> out;
    for (const auto& one : ports)
      if (one.board == board) out.push_back(one);
    return out;
  };
  const auto before = std::exchange(worker->lab_ports, std::move(wanted));
  std::vector<std::shared_ptr<boards::BoardSession>> changed;
  for (const auto& [name, board] : worker->boards)
    if (board->session && of_board(before, name) != of_board(worker->lab_ports, name))
      changed.push_back(board->session);
  // A number may go from one board to another: all that go are closed first.
  for (const auto& session : changed)
    HILLTOP_CO_CHECK(co_await ConsoleDesk::close_lab_ports(worker->desk, session->config().name));
  for (const auto& session : changed) open_lab_ports(worker, session);
  co_return ok();
}

Task<WorkerReply> unexport_console(Worker worker, ConsoleUnexport command) {
  HILLTOP_CO_CHECK(co_await ConsoleDesk::close_ports(worker->desk, command.board));
  co_return WorkerReply{};
}

}  // namespace hilltop::controller
