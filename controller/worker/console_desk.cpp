// SPDX-License-Identifier: Apache-2.0
#include "controller/worker/console_desk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace hilltop::controller {
namespace {

constexpr std::ptrdiff_t most_ports = 8;  // of a lease

Error is_typed_at(const std::string& board, const ConsoleWriter& writer) {
  return {
      Errc::busy, Blame::job,
      fmt::format("{} types at console {} of board {} ({}, since {}): look on with --read-only, or take it over with "
                  "--take",
                  writer.name, writer.console, board, writer.from, to_rfc3339(writer.since))};
}

Error is_for_reading(const std::string& board, PortKind kind) {
  return {Errc::denied, Blame::job,
          fmt::format("this port is for reading until whoever holds the lease of {} lets it type: hilltop console {} "
                      "--export {}",
                      board, board, to_string(kind))};
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

/// `lent_to`: who lets clients type, "" for nobody; null: `request.owner` does.
Result<std::shared_ptr<ConsolePort>> ConsoleDesk::listen(std::shared_ptr<boards::BoardSession> session,
                                                         const PortRequest& request, std::function<bool()> is_open,
                                                         std::shared_ptr<std::string> lent_to) {
  const auto& board = session->config().name;
  const auto console = session->console(request.console);
  if (!console)
    return Error(Errc::not_found, Blame::job, fmt::format("board {} has no console '{}'", board, request.console));
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
  uses.claim = [desk, board, writer, lent_to, kind = request.kind](const std::string& client) mutable -> Result<> {
    const auto self = desk.lock();
    if (!self) return Error(Errc::unavailable, Blame::infrastructure, "the worker ends");
    if (lent_to && lent_to->empty()) return is_for_reading(board, kind);
    if (lent_to) writer.name = *lent_to;
    writer.id = client;
    writer.from = fmt::format("{} {}", to_string(kind), client);
    return (*self)->claim(board, writer, false);
  };
  uses.release = [desk, board, name = console->name()](const std::string& client) {
    if (const auto self = desk.lock()) (*self)->release(board, name, client);
  };
  uses.console_is_open = std::move(is_open);
  return ConsolePort::open(executor_, request.kind, request.address, request.port, std::move(uses));
}

Result<std::string> ConsoleDesk::open_port(std::shared_ptr<boards::BoardSession> session, PortRequest request,
                                           std::function<bool()> is_open) {
  const auto& board = session->config().name;
  const auto [first, last] = ports_.equal_range(board);
  if (std::count_if(first, last, [](const auto& one) { return !one.second.lent_to; }) >= most_ports)
    return Error(Errc::busy, Blame::job, fmt::format("board {} is served at {} ports already", board, most_ports));
  HILLTOP_TRY(auto port, listen(session, request, std::move(is_open), nullptr));
  const auto where = port->where();
  ports_.emplace(
      board, OpenPort{{request.console, std::string(to_string(request.kind)), where, request.owner}, std::move(port)});
  changed_(board);
  return where;
}

Result<> ConsoleDesk::open_lab_port(std::shared_ptr<boards::BoardSession> session, PortRequest request,
                                    std::function<bool()> is_open) {
  const auto& board = session->config().name;
  auto lent_to = std::make_shared<std::string>();
  HILLTOP_TRY(auto port, listen(session, request, std::move(is_open), lent_to));
  const auto where = port->where();
  ports_.emplace(board, OpenPort{{request.console, std::string(to_string(request.kind)), where, ""},
                                 std::move(port),
                                 std::move(lent_to)});
  changed_(board);
  return ok();
}

std::optional<std::string> ConsoleDesk::lend_lab_port(const std::string& board, const std::string& console,
                                                      PortKind kind, const std::string& owner) {
  for (auto [it, end] = ports_.equal_range(board); it != end; ++it) {
    auto& port = it->second;
    if (!port.lent_to || port.view.console != console || port.port->kind() != kind) continue;
    *port.lent_to = port.view.owner = owner;
    changed_(board);
    return port.view.where;
  }
  return std::nullopt;
}

Task<> ConsoleDesk::close_those(std::shared_ptr<ConsoleDesk> self, std::string board, bool of_the_lab) {
  std::vector<std::shared_ptr<ConsolePort>> closing;
  for (auto [it, end] = self->ports_.equal_range(board); it != end;) {
    const bool meant = (it->second.lent_to != nullptr) == of_the_lab;
    if (meant) closing.push_back(it->second.port);
    it = meant ? self->ports_.erase(it) : std::next(it);
  }
  for (const auto& port : closing) HILLTOP_CO_CHECK(co_await port->close());
  if (!closing.empty()) self->changed_(board);
  co_return ok();
}

Task<> ConsoleDesk::close_lab_ports(std::shared_ptr<ConsoleDesk> self, std::string board) {
  co_return co_await close_those(std::move(self), std::move(board), true);
}

Task<> ConsoleDesk::close_ports(std::shared_ptr<ConsoleDesk> self, std::string board) {
  bool lent = false;
  for (auto [it, end] = self->ports_.equal_range(board); it != end; ++it) {
    if (!it->second.lent_to || it->second.lent_to->empty()) continue;
    lent = true;
    it->second.lent_to->clear();
    it->second.view.owner.clear();
  }
  if (lent) self->changed_(board);
  co_return co_await close_those(std::move(self), std::move(board), false);
}

Task<> ConsoleDesk::clear(std::shared_ptr<ConsoleDesk> self, std::string board) {
  HILLTOP_CO_CHECK(co_await close_ports(self, board));
  if (std::erase_if(self->writers_, [&](const auto& one) { return one.first.first == board; }) > 0)
    self->changed_(board);
  co_return ok();
}

Task<> ConsoleDesk::clear_all(std::shared_ptr<ConsoleDesk> self) {
  while (!self->ports_.empty()) {
    const auto board = self->ports_.begin()->first;
    HILLTOP_CO_CHECK(co_await close_lab_ports(self, board));
    HILLTOP_CO_CHECK(co_await clear(self, board));
  }
  co_return ok();
}

}  // namespace hilltop::controller
