// SPDX-License-Identifier: Apache-2.0
#include "web/api/json_body.hpp"
#include "web/ws/event_feed.hpp"
#include "web/ws/streams.hpp"

namespace hilltop::web {
namespace {

constexpr std::size_t page = 500;

/// Sends stored events after `cursor`, up to the newest. Value: the new cursor.
Task<std::uint64_t> catch_up(ApiPtr api, std::shared_ptr<WebSocket> socket, std::uint64_t cursor) {
  for (;;) {
    HILLTOP_CO_TRY(const auto events, co_await hop(api->gate, &controller::Farm::events_after, cursor, page));
    for (const auto& event : events) {
      HILLTOP_CO_CHECK(co_await socket->write(event_text(event), false));
      cursor = event.seq;
    }
    if (events.size() < page) co_return cursor;
  }
}

/// Where a stream without `after` begins: behind the newest event that was seen here.
Task<std::uint64_t> newest(ApiPtr api) {
  while (!api->feed->last()) {
    auto woken = co_await api->feed->wait(Deadline::never());
    if (!woken) co_return std::move(woken).error();
    if (const auto first = api->feed->first()) co_return *first - 1;
  }
  co_return *api->feed->last();
}

/// Sends everything after the cursor for ever: from the feed where it has it, from the store where it does not any
/// more.
Task<> send_events(ApiPtr api, std::shared_ptr<WebSocket> socket, std::optional<std::uint64_t> after) {
  std::uint64_t cursor = 0;
  if (after) {
    HILLTOP_CO_TRY(cursor, co_await catch_up(api, socket, *after));
  } else {
    HILLTOP_CO_TRY(cursor, co_await newest(api));
  }
  for (;;) {
    if (const auto item = api->feed->after(cursor)) {
      HILLTOP_CO_CHECK(co_await socket->write(item->text, false));
      cursor = item->seq;
    } else if (api->feed->last().value_or(0) <= cursor) {
      HILLTOP_CO_CHECK(co_await api->feed->wait(Deadline::never()));
    } else {  // fell behind what the feed keeps
      const auto before = cursor;
      HILLTOP_CO_TRY(cursor, co_await catch_up(api, socket, cursor));
      if (cursor == before) cursor = *api->feed->first() - 1;  // the store has thrown away what lies between
    }
  }
}

}  // namespace

Task<> check_events(ApiPtr, Call call) {
  HILLTOP_CO_CHECK(integer_query(call.request, "after", 0));
  co_return ok();
}

Task<> stream_events(ApiPtr api, Call call, std::shared_ptr<WebSocket> socket) {
  std::optional<std::uint64_t> after;
  if (call.request.query_value("after")) {
    HILLTOP_CO_TRY(after, integer_query(call.request, "after", 0));
  }
  co_return co_await both_ways(socket, api->gate.io, send_events(api, socket, after), ignore_incoming(socket));
}

}  // namespace hilltop::web
