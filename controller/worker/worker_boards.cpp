// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>

#include "controller/worker/power_watch.hpp"
#include "controller/worker/worker_core.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::controller {
namespace {

constexpr auto time_to_open = 30s;
constexpr auto time_to_clean = 30s;
constexpr auto first_retry = 1s;
constexpr auto slowest_retry = 30s;

std::shared_ptr<const boards::BoardType> type_of(const Worker& worker, const std::string& name) {
  return {worker->options.types, worker->options.types->find(name)};
}

std::vector<std::string> offers_of(const boards::BoardSession& session) {
  std::vector<std::string> out;
  for (const auto* role : {"power", "console", "probe", "flash"}) {
    const bool there = std::string_view(role) == "console" ? !session.console_names().empty()
                                                           : session.config().addresses.contains(role) ||
                                                                 session.config().addresses.contains("emulator");
    if (there) out.emplace_back(role);
  }
  return out;
}

void watch_power(const Worker& worker, const std::string& name, boards::BoardSession& session) {
  session.on_power_lost([weak = std::weak_ptr(worker), name](const std::string& reason) {
    const auto core = weak.lock();
    if (!core || !core->emit) return;
    core->emit(BoardLost{name, reason});
    if (const auto found = core->boards.find(name); found != core->boards.end()) emit_status(core, *found->second);
  });
}

const boards::RuleSet& rules_of(WorkerCore& worker, const std::vector<std::string>& packs) {
  const auto known = worker.rules.find(packs);
  if (known != worker.rules.end()) return known->second;
  return worker.rules.emplace(packs, worker.options.types->rules(packs)).first->second;
}

Task<> open_once(Worker worker, std::shared_ptr<WorkerBoard> board) {
  const auto type = type_of(worker, board->config.type);
  if (!type)
    co_return Error(Errc::not_found, Blame::configuration, fmt::format("unknown board type {}", board->config.type));
  Env env{worker->executor, worker->options.data_dir / "boards" / board->config.name};
  std::error_code failed;
  std::filesystem::create_directories(env.state_dir, failed);
  if (failed) co_return system_error(fmt::format("cannot make {}", env.state_dir.string()), failed.value());
  auto rules = rules_of(*worker, type->rule_packs);
  HILLTOP_CO_TRY(auto session, co_await boards::BoardSession::open(
                                   std::move(env), board->config, type, std::move(rules), worker->options.drivers,
                                   *worker->options.engine, Deadline::after(time_to_open)));
  // A controller that died may have left it running.
  if (auto cleaned = co_await session->clean(Deadline::after(time_to_clean)); !cleaned) {
    co_await ignore_cancellation();
    if (auto closed = co_await session->close(Deadline::after(time_to_clean)); !closed)
      log::warn("board {}: {}", board->config.name, closed.error().text);
    co_return std::move(cleaned).error().within("switching it off");
  }
  watch_power(worker, board->config.name, *session);
  watch_faults(worker, *session);
  board->session = std::move(session);
  watch_power_state(worker, board);
  open_lab_ports(worker, board->session);
  co_return ok();
}

/// Hears cancellation again after an attempt, whose clean-up makes the whole task deaf to it. False when the board is
/// not wanted any more: the call to stop may have come meanwhile.
asio::awaitable<bool> is_still_wanted(Worker worker, std::shared_ptr<WorkerBoard> board) {
  const bool canceled = co_await is_canceled();
  co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
  const auto found = worker->boards.find(board->config.name);
  co_return !canceled && !worker->gone && found != worker->boards.end() && found->second == board;
}

/// Opens a board; tries again, more and more slowly, for as long as it takes.
Task<> open_board(Worker worker, std::shared_ptr<WorkerBoard> board) {
  for (auto pause = std::chrono::seconds(first_retry);;
       pause = std::min<std::chrono::seconds>(pause * 2, slowest_retry)) {
    auto opened = co_await open_once(worker, board);
    if (!opened && opened.error().code == Errc::canceled) co_return std::move(opened).error();
    const auto problem = opened ? "" : opened.error().text;
    if (!opened && problem != board->problem) log::warn("board {}: {}", board->config.name, problem);
    board->problem = problem;
    emit_status(worker, *board);
    if (opened) co_return ok();
    if (!co_await is_still_wanted(worker, board)) co_return canceled_error("opening a board");
    HILLTOP_CO_CHECK(co_await sleep_for(pause));
  }
}

Task<> close_session(std::shared_ptr<boards::BoardSession> session, Deadline deadline) {
  co_return (co_await session->close(deadline)).within(fmt::format("closing board {}", session->config().name));
}

void remove_board(const Worker& worker, const std::string& name) {
  const auto found = worker->boards.find(name);
  if (found == worker->boards.end()) return;
  worker->scope.cancel(found->second->keeper);
  worker->boards.erase(found);
}

void add_board(const Worker& worker, const boards::BoardConfig& config) {
  auto board = std::make_shared<WorkerBoard>();
  board->config = config;
  worker->boards[config.name] = board;
  board->keeper = worker->scope.spawn("open board " + config.name, open_board(worker, board));
}

}  // namespace

void emit_status(const Worker& worker, const WorkerBoard& board) {
  BoardStatus status;
  status.board = board.config.name;
  status.power = "unknown";
  status.problem = board.problem;
  if (board.session) {
    status.power = to_string(board.session->last_power_state());
    status.power_found = board.power_found;
    status.power_problem = board.power_problem;
    status.consoles = board.session->console_names();
    status.offers = offers_of(*board.session);
    status.writers = worker->desk->writers(board.config.name);
    status.ports = worker->desk->ports(board.config.name);
  }
  if (worker->emit) worker->emit(std::move(status));
}

Result<std::shared_ptr<boards::BoardSession>> session_of(const Worker& worker, const std::string& name) {
  const auto found = worker->boards.find(name);
  if (found == worker->boards.end())
    return Error(Errc::not_found, Blame::job, fmt::format("there is no board {}", name));
  const auto& board = *found->second;
  if (!board.session)
    return Error(Errc::unavailable, Blame::infrastructure, fmt::format("board {} is offline: {}", name, board.problem));
  return board.session;
}

Task<WorkerReply> apply_inventory(Worker worker, ApplyInventory command, Deadline deadline) {
  Diagnostics diagnostics;
  const auto inventory = boards::read_inventory_text(command.text, command.file_name, *worker->options.types,
                                                     worker->options.drivers, diagnostics);
  if (diagnostics.has_errors()) co_return diagnostics.to_error(Blame::configuration);
  if (worker->options.artifacts_allow) worker->options.artifacts_allow(inventory);
  worker->options.engine->set_retention(inventory.consoles);
  if (auto served = co_await apply_boot_server(worker, inventory.boot_server, deadline); !served)
    log::error("{}", served.error().text);  // the boards come up all the same
  const auto in_use = [&](const std::string& name) {
    return std::ranges::find(command.keep, name) != command.keep.end();
  };
  std::vector<std::shared_ptr<WorkerBoard>> leaving;
  for (const auto& [name, board] : worker->boards) {
    const auto* now = inventory.find(name);
    if (!in_use(name) && (now == nullptr || !(*now == board->config))) leaving.push_back(board);
  }
  for (const auto& board : leaving) remove_board(worker, board->config.name);
  for (const auto& board : leaving) {
    if (!board->session) continue;
    unwatch_faults(worker, *board->session);
    HILLTOP_CO_CHECK(co_await ConsoleDesk::close_lab_ports(worker->desk, board->config.name));
    if (auto closed = co_await close_session(board->session, deadline); !closed) log::warn("{}", closed.error().text);
  }
  HILLTOP_CO_CHECK(co_await apply_lab_ports(worker, inventory.console_ports.ports));
  for (const auto& config : inventory.boards)
    if (!worker->boards.contains(config.name)) add_board(worker, config);
  co_return WorkerReply{};
}

asio::awaitable<void> close_all(Worker worker, Deadline deadline) {
  TaskScope scope(worker->executor, "close boards");
  for (const auto& [name, board] : worker->boards)
    if (board->session) scope.spawn(name, close_session(board->session, deadline));
  co_await scope.join();
  worker->boards.clear();
}

}  // namespace hilltop::controller
