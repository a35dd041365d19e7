// SPDX-License-Identifier: Apache-2.0
#include "controller/worker/console_desk.hpp"

#include <fmt/format.h>

#include <utility>

namespace hilltop::controller {
namespace {

constexpr std::size_t most_ports = 8;

Error is_typed_at(const std::string& board, const ConsoleWriter& writer) {
  return {
      Errc::busy, Blame::job,
      fmt::format("{} types at console {} of board {} ({}, since {}): look on with --read-only, or take it over with "
                  "--take",
                  writer.name, writer.console, board, writer.from, to_rfc3339(writer.since))};
}

}  // namespace

Result<> ConsoleDesk::claim(const std::string& board, ConsoleWriter writer, bool take) {
  auto& now = writers_[{board, writer.console}];
  if (now.id == writer.id) return ok();
  if (!now.id.empty() && !take) return is_typed_at(board, now);
  writer.since = utc_now();
  now = std::move(writer);
  changed_(board);
  return ok();
}

void ConsoleDesk::release(const std::string& board, const std::string& console, const std::string& id) {
  const auto found = writers_.find({board, console});
  if (found == writers_.end() || found->second.id != id) return;
  writers_.erase(found);
  changed_(board);
}

Result<> ConsoleDesk::may_type(const std::string& board, const std::string& console, const std::string& id) const {
  const auto found = writers_.find({board, console});
  if (found == writers_.end() || found->second.id == id) return ok();
  return is_typed_at(board, found->second);
}

std::vector<ConsoleWriter> ConsoleDesk::writers(const std::string& board) const {
  std::vector<ConsoleWriter> out;
  for (auto it = writers_.lower_bound({board, ""}); it != writers_.end() && it->first.first == board; ++it)
    if (!it->second.id.empty()) out.push_back(it->second);
  return out;
}

std::vector<ConsolePortView> ConsoleDesk::ports(const std::string& board) const {
  std::vector<ConsolePortView> out;
  for (auto [it, end] = ports_.equal_range(board); it != end; ++it) out.push_back(it->second.view);
  return out;
}

Result<std::string> ConsoleDesk::open_port(std::shared_ptr<boards::BoardSession> session, PortRequest request,
                                           std::function<bool()> is_open) {
  const auto& board = session->config().name;
  const auto console = session->console(request.console);
  if (!console)
    return Error(Errc::not_found, Blame::job, fmt::format("board {} has no console '{}'", board, request.console));
  if (ports_.count(board) >= most_ports)
    return Error(Errc::busy, Blame::job, fmt::format("board {} is served at {} ports already", board, most_ports));
  ConsoleWriter writer;
  writer.console = console->name();
  writer.name = request.owner;
  ConsolePort::Uses uses;
  uses.console = console;
  uses.typing.char_delay = session->type().typing.char_delay;
  uses.line = [weak = std::weak_ptr(session), name = console->name()]() -> drivers::ByteStream* {
    const auto open = weak.lock();
    return open ? open->line(name) : nullptr;
  };
  // What follows is called while the port is open, and clear() waits until it is not.
  const std::weak_ptr<ConsoleDesk*> desk = alive_;
  uses.claim = [desk, board, writer, kind = request.kind](const std::string& client) mutable -> Result<> {
    const auto self = desk.lock();
    if (!self) return Error(Errc::unavailable, Blame::infrastructure, "the worker ends");
    writer.id = client;
    writer.from = fmt::format("{} {}", to_string(kind), client);
    return (*self)->claim(board, writer, false);
  };
  uses.release = [desk, board, name = console->name()](const std::string& client) {
    if (const auto self = desk.lock()) (*self)->release(board, name, client);
  };
  uses.console_is_open = std::move(is_open);
  const auto kind = request.kind;
  HILLTOP_TRY(auto port, ConsolePort::open(executor_, kind, request.address, request.port, std::move(uses)));
  const auto where = port->where();
  ports_.emplace(board,
                 OpenPort{{console->name(), std::string(to_string(kind)), where, request.owner}, std::move(port)});
  changed_(board);
  return where;
}

Task<> ConsoleDesk::close_ports(std::shared_ptr<ConsoleDesk> self, std::string board) {
  std::vector<std::shared_ptr<ConsolePort>> closing;
  for (auto [it, end] = self->ports_.equal_range(board); it != end; ++it) closing.push_back(it->second.port);
  self->ports_.erase(board);
  for (const auto& port : closing) HILLTOP_CO_CHECK(co_await port->close());
  if (!closing.empty()) self->changed_(board);
  co_return ok();
}

Task<> ConsoleDesk::clear(std::shared_ptr<ConsoleDesk> self, std::string board) {
  HILLTOP_CO_CHECK(co_await close_ports(self, board));
  if (std::erase_if(self->writers_, [&](const auto& one) { return one.first.first == board; }) > 0)
    self->changed_(board);
  co_return ok();
}

Task<> ConsoleDesk::clear_all(std::shared_ptr<ConsoleDesk> self) {
  while (!self->ports_.empty()) HILLTOP_CO_CHECK(co_await clear(self, self->ports_.begin()->first));
  co_return ok();
}

}  // namespace hilltop::controller
