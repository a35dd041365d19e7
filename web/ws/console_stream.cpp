// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "web/api/json_body.hpp"
#include "web/api/operate.hpp"
#include "web/ws/console_view.hpp"
#include "web/ws/event_feed.hpp"
#include "web/ws/streams.hpp"

namespace hilltop::web {
namespace {

using controller::Farm;
using nlohmann::json;

/// One client at one console.
struct Viewer : ConsoleView {
  bool writes = false;
  bool takes = false;                  ///< puts out who types now
  std::string client;                  ///< the same over a client's reconnections; "": it told none
  std::string writer;                  ///< our id
  std::optional<std::uint64_t> lease;  ///< whose end ends the right to type; none for a technician without it
};
using ViewerPtr = std::shared_ptr<Viewer>;

std::string text_frame(json value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

/// Why the right to type is gone: the lease's own words where there was one.
Result<std::string> why_ended(const std::shared_ptr<Farm>& farm, const controller::Principal& who,
                              std::optional<std::uint64_t> lease, const std::string& board, const std::string& console,
                              const std::string& writer) {
  HILLTOP_TRY(const auto view_of_board, farm->board(who, board));
  for (const auto& now : view_of_board.writers)
    if (now.console == console && now.id != writer) return now.name + " has taken the console over";
  if (!lease) {
    const auto may = farm->may_operate(who, board);
    return may ? std::string() : may.error().text;
  }
  const auto view = farm->lease(who, *lease);
  if (!view) return view.error().text;
  if (view->state != controller::LeaseState::ended) return std::string();
  return "lease " + std::to_string(*lease) + " has ended" + (view->end_reason.empty() ? "" : ": " + view->end_reason);
}

/// Waits until the right to type ends; value: the reason. Asks again after each event about leases and boards.
Task<std::string> until_revoked(ViewerPtr v) {
  auto seen = v->api->feed->last();
  for (;;) {
    HILLTOP_CO_TRY(auto reason,
                   co_await hop(v->api->gate, &why_ended, v->who, v->lease, v->board, v->console, v->writer));
    if (!reason.empty()) co_return reason;
    for (bool concerns_us = false; !concerns_us;) {
      const auto item = v->api->feed->after(seen.value_or(0));
      if (item) {
        concerns_us = item->kind == "lease" || item->kind == "board.state" || item->kind == "board.console";
        seen = item->seq;
      } else if (v->api->feed->last() != seen) {  // fell behind the feed
        concerns_us = true;
        seen = v->api->feed->last();
      } else {
        HILLTOP_CO_CHECK(co_await v->api->feed->wait(Deadline::never()));
      }
    }
  }
}

struct Race {
  explicit Race(asio::any_io_executor io) : changed(io), scope(io, "console") {}
  Event changed;
  TaskScope scope;
  std::optional<Result<>> console;
  std::optional<Result<std::string>> revoked;
};

Task<> run_console(std::shared_ptr<Race> race, ViewerPtr v) {
  race->console = co_await show_console(std::move(v));
  race->changed.notify();
  co_return ok();
}

Task<> run_watch(std::shared_ptr<Race> race, ViewerPtr v) {
  race->revoked = co_await until_revoked(std::move(v));
  race->changed.notify();
  co_return ok();
}

/// Sends the console until it ends, the client leaves, or the right to type ends.
Task<> send_until_revoked(ViewerPtr v) {
  auto race = std::make_shared<Race>(v->api->gate.io);
  race->scope.spawn("send", run_console(race, v));
  if (v->writes) race->scope.spawn("watch", run_watch(race, v));
  bool canceled = false;
  while (!race->console && !race->revoked && !canceled) canceled = !co_await race->changed.wait(Deadline::never());
  co_await ignore_cancellation();
  race->scope.cancel_all();
  co_await race->scope.join();
  if (canceled) co_return canceled_error("console");
  if (race->revoked && *race->revoked) {
    co_return co_await v->socket->write(text_frame({{"end", **race->revoked}}), false);
  }
  if (race->console && !*race->console && race->console->error().code != Errc::canceled)
    (void)co_await v->socket->write(text_frame({{"end", race->console->error().text}}), false);
  co_return race->console ? std::move(*race->console) : Result<>(std::move(*race->revoked).error());
}

/// Types what the client sends. Each write asks again for the right to do so: it may have gone a moment ago.
Task<> type_incoming(ViewerPtr v) {
  for (;;) {
    HILLTOP_CO_TRY(auto message, co_await v->socket->read());
    if (!v->writes) co_return Error(Errc::denied, Blame::job, "this console was opened for reading only");
    controller::ConsoleWrite command;
    command.board = v->board;
    command.console = v->console;
    command.bytes = std::move(message.data);
    command.writer = v->writer;
    auto typed = co_await hop(v->api->gate, &operate, v->who, v->board, controller::WorkerCommand(std::move(command)),
                              Deadline::after(60s));
    // Taken over: who watches the right to type ends the stream, and says by whom.
    if (!typed && typed.error().code != Errc::busy) co_return std::move(typed).error();
  }
}

/// What the ids of all connections of one client begin with.
std::string writers_of(const std::string& client) { return "web-" + client + "-"; }

/// Makes the viewer the one who types. Who comes back after a lost connection takes over from the one before; another
/// client of the same user does not.
Task<> claim(ViewerPtr v) {
  HILLTOP_CO_TRY(const auto view, co_await hop(v->api->gate, &Farm::board, v->who, v->board));
  const auto own = [&](const auto& now) {
    return !v->client.empty() && now.console == v->console && now.name == v->who.user && now.from == "web" &&
           now.id.starts_with(writers_of(v->client));
  };
  controller::ConsoleClaim command;
  command.board = v->board;
  command.console = v->console;
  command.writer = v->writer;
  command.name = v->who.user;
  command.from = "web";
  command.take = v->takes || std::ranges::any_of(view.writers, own);
  HILLTOP_CO_CHECK(co_await hop(v->api->gate, &operate, v->who, v->board, controller::WorkerCommand(std::move(command)),
                                Deadline::after(10s)));
  co_return ok();
}

Task<> release(ViewerPtr v) {
  co_await ignore_cancellation();
  controller::ConsoleRelease command{v->board, v->console, v->writer};
  (void)co_await hop_within(Deadline::after(5s), v->api->gate, &look, v->who, v->board,
                            controller::WorkerCommand(std::move(command)), Deadline::after(5s));
  co_return ok();
}

/// Tells one connection from another, also across restarts.
std::string new_writer_id(const Viewer& viewer) {
  return writers_of(viewer.client) + std::to_string(utc_now().time_since_epoch().count()) + "-" +
         std::to_string(reinterpret_cast<std::uintptr_t>(&viewer));
}

/// Whether `who` may type, and by which lease.
Result<std::optional<std::uint64_t>> right_to_type(const std::shared_ptr<Farm>& farm, const controller::Principal& who,
                                                   const std::string& board) {
  HILLTOP_CHECK(farm->may_operate(who, board));
  HILLTOP_TRY(const auto view, farm->board(who, board));
  const bool own = view.lease && view.holder == who.user;
  return own ? view.lease : std::optional<std::uint64_t>();
}

/// "" without it. Errors: bad_input (job).
Result<std::string> client_of(const Request& request) {
  constexpr std::size_t longest = 64;
  auto client = request.query_value("client").value_or("");
  const auto fits = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (client.size() > longest || !std::ranges::all_of(client, fits))
    return Error(Errc::bad_input, Blame::job, "client takes letters and digits, at most 64");
  return client;
}

bool wants(const Request& request, std::string_view name) {
  const auto value = request.query_value(name).value_or("");
  return !value.empty() && value != "0" && value != "false";
}

/// The name of the console that was asked for, and the offset that the view begins at.
Task<> find_beginning(ViewerPtr v, Request request) {
  HILLTOP_CO_TRY(v->from, integer_query(request, "from", UINT64_MAX));
  HILLTOP_CO_TRY(const auto view, co_await hop(v->api->gate, &Farm::board, v->who, v->board));
  if (v->console.empty() && !view.consoles.empty()) v->console = view.consoles.front();
  HILLTOP_CO_TRY(const auto since, time_query(request, "since"));
  if (since == UtcTime()) co_return ok();
  const controller::TranscriptFind command{v->board, v->console, since};
  HILLTOP_CO_TRY(const auto place, co_await hop(v->api->gate, &look, v->who, v->board,
                                                controller::WorkerCommand(command), Deadline::after(10s)));
  v->from = place.offset;
  co_return ok();
}

Task<> refuse(std::shared_ptr<WebSocket> socket, std::string reason) {
  (void)co_await socket->write(text_frame({{"end", reason}}), false);
  co_return co_await socket->close(std::move(reason));
}

}  // namespace

Task<> check_console(ApiPtr api, Call call) {
  HILLTOP_CO_CHECK(integer_query(call.request, "from", UINT64_MAX));
  HILLTOP_CO_CHECK(time_query(call.request, "since"));
  if (call.request.query_value("from") && call.request.query_value("since"))
    co_return Error(Errc::bad_input, Blame::job, "from and since say the same: take one of them");
  HILLTOP_CO_CHECK(client_of(call.request));
  const auto board = call.request.param("name");
  HILLTOP_CO_TRY(const auto view, co_await hop(api->gate, &Farm::board, call.who, board));
  const auto console = call.request.query_value("console").value_or("");
  if (!console.empty() && std::ranges::find(view.consoles, console) == view.consoles.end())
    co_return Error(Errc::not_found, Blame::job, board + " has no console '" + console + "'");
  if (wants(call.request, "write")) HILLTOP_CO_CHECK(co_await hop(api->gate, &Farm::may_operate, call.who, board));
  co_return ok();
}

Task<> stream_console(ApiPtr api, Call call, std::shared_ptr<WebSocket> socket) {
  auto viewer = std::make_shared<Viewer>();
  viewer->api = api;
  viewer->who = call.who;
  viewer->socket = socket;
  viewer->board = call.request.param("name");
  viewer->console = call.request.query_value("console").value_or("");
  viewer->writes = wants(call.request, "write");
  viewer->takes = wants(call.request, "take");
  if (auto begun = co_await find_beginning(viewer, call.request); !begun)
    co_return co_await refuse(socket, begun.error().text);
  if (viewer->writes) {
    auto right = co_await hop(api->gate, &right_to_type, call.who, viewer->board);
    if (!right) co_return co_await refuse(socket, right.error().text);
    viewer->lease = *right;
    HILLTOP_CO_TRY(viewer->client, client_of(call.request));
    viewer->writer = new_writer_id(*viewer);
    if (auto claimed = co_await claim(viewer); !claimed) co_return co_await refuse(socket, claimed.error().text);
  }
  auto ended = co_await both_ways(socket, api->gate.io, send_until_revoked(viewer), type_incoming(viewer));
  if (viewer->writes) HILLTOP_CO_CHECK(co_await release(viewer));
  co_return ended;
}

}  // namespace hilltop::web
