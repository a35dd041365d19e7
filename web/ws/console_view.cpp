// SPDX-License-Identifier: Apache-2.0
#include "web/ws/console_view.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "web/api/operate.hpp"
#include "web/ws/console_feed.hpp"

namespace hilltop::web {
namespace {

using controller::Farm;
using controller::WorkerCommand;
using controller::WorkerReply;
using nlohmann::json;
using ViewPtr = std::shared_ptr<ConsoleView>;

constexpr std::uint32_t piece_bytes = 64 * 1024;
constexpr auto ask_time = 10s;

/// Each viewer's right to look was asked for when it came; the feed reads for all of them.
Task<WorkerReply> call_worker(std::shared_ptr<Farm> farm, WorkerCommand command, Deadline deadline) {
  co_return co_await farm->worker().call(std::move(command), deadline);
}

Task<WorkerReply> read_live(Gate gate, controller::ConsoleRead command) {
  const auto deadline = Deadline::after(std::chrono::milliseconds(command.wait_ms) + ask_time);
  co_return co_await hop(gate, &call_worker, WorkerCommand(std::move(command)), deadline);
}

ConsoleFeed::Read reader_of(const ConsoleView& view) {
  return [gate = view.api->gate, board = view.board, console = view.console](std::uint64_t from, std::uint32_t max,
                                                                             std::uint32_t wait_ms) {
    return read_live(gate, controller::ConsoleRead{board, console, from, max, wait_ms, false});
  };
}

Task<WorkerReply> ask(ViewPtr v, WorkerCommand command) {
  co_return co_await hop(v->api->gate, &look, v->who, v->board, std::move(command), Deadline::after(ask_time));
}

/// Where what is stored of the console begins.
Task<std::uint64_t> oldest_stored(ViewPtr v) {
  HILLTOP_CO_TRY(const auto reply, co_await ask(v, controller::TranscriptList{v->board}));
  const auto list = json::parse(reply.text, nullptr, false);
  if (list.is_array())
    for (const auto& one : list)
      if (one.value("console", "") == v->console) co_return one.value("first", std::uint64_t{0});
  co_return 0;
}

/// Goes over what the transcript does not have any more. Value: the offset to go on from.
Task<std::uint64_t> skip_deleted(ViewPtr v, std::uint64_t cursor, std::uint64_t live) {
  HILLTOP_CO_TRY(auto next, co_await oldest_stored(v));
  if (next <= cursor) next = live;  // a hole within what is stored
  HILLTOP_CO_CHECK(co_await v->socket->write(gap_text(cursor, next), false));
  co_return next;
}

/// Sends the stored bytes from `cursor` on, until the feed has the next one. Value: where that is.
Task<std::uint64_t> catch_up(ViewPtr v, ConsoleFeedPtr feed, std::uint64_t cursor) {
  while (!feed->covers(cursor)) {
    auto piece = co_await ask(v, controller::ConsoleRead{v->board, v->console, cursor, piece_bytes, 0, /*exact=*/true});
    const bool deleted = piece ? piece->bytes.empty() : piece.error().code == Errc::not_found;
    if (deleted) {
      HILLTOP_CO_TRY(cursor, co_await skip_deleted(v, cursor, feed->end()));
      continue;
    }
    if (!piece) co_return std::move(piece).error();
    cursor += piece->bytes.size();
    HILLTOP_CO_CHECK(co_await v->socket->write(std::move(piece->bytes), true));
  }
  co_return cursor;
}

Task<> follow(ViewPtr v, ConsoleFeedPtr feed) {
  HILLTOP_CO_CHECK(co_await ConsoleFeed::until_ready(feed));
  auto cursor = std::min(v->from, feed->end());
  HILLTOP_CO_CHECK(co_await v->socket->write(json{{"offset", cursor}}.dump(), false));
  HILLTOP_CO_TRY(cursor, co_await catch_up(v, feed, cursor));
  const auto place = feed->attach(v->socket, cursor);
  auto ended = co_await ConsoleFeed::until_end(feed);
  feed->detach(place);
  co_return ended;
}

}  // namespace

Task<> show_console(ViewPtr v) {
  const auto feeds = v->api->consoles;
  const ConsoleFeeds::Key key{v->board, v->console};
  auto feed = feeds->join(key, reader_of(*v));
  auto ended = co_await follow(v, feed);
  HILLTOP_CO_CHECK(co_await ConsoleFeeds::leave(feeds, key, std::move(feed)));
  co_return ended;
}

}  // namespace hilltop::web
