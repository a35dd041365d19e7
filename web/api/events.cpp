// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "web/api/json_body.hpp"
#include "web/api/problem.hpp"
#include "web/ws/event_feed.hpp"
#include "web/ws/streams.hpp"

namespace hilltop::web {
namespace {

using controller::Farm;

Task<Response> list_events(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(auto after, integer_query(call.request, "after", 0));
  HILLTOP_CO_TRY(const auto limit, integer_query(call.request, "limit", 100, 1000));
  HILLTOP_CO_TRY(const auto newest, integer_query(call.request, "newest", 0, 1000));
  if (newest > 0) {
    HILLTOP_CO_TRY(const auto last, co_await hop(api->gate, &Farm::last_event));
    after = std::max(after, last - std::min(last, newest));
  }
  HILLTOP_CO_TRY(const auto events,
                 co_await hop(api->gate, &Farm::events_after, after, static_cast<std::size_t>(limit)));
  std::string out = R"({"items":[)";
  for (const auto& event : events) out += (out.ends_with('[') ? "" : ",") + event_text(event);
  const bool more = !events.empty() && events.size() == limit;
  out += R"(],"next":")" + (more ? std::to_string(events.back().seq) : "") + "\"}";
  co_return Response(200, "application/json", std::move(out));
}

constexpr QueryParam list_query[] = {{"after", ParamType::integer, "events with a greater seq"},
                                     {"limit", ParamType::integer, "at most 1000"},
                                     {"newest", ParamType::integer, "only of the newest so many, at most 1000"}};
constexpr QueryParam stream_query[] = {
    {"after", ParamType::integer, "events with a greater seq; without it: from now on"},
    {"token", ParamType::text, "where no header can be sent"}};

constexpr Route routes[] = {
    {.pattern = "/api/v1/events",
     .tag = "events",
     .summary = "What happened, oldest first.",
     .query = list_query,
     .gives = {json_type, "EventPage"},
     .handler = &list_events},
    {.pattern = "/api/v1/events/ws",
     .tag = "events",
     .summary = "What happens: a text frame an event, none lost, none twice.",
     .query = stream_query,
     .status = 101,
     .check = &check_events,
     .talker = &stream_events},
};

}  // namespace

std::span<const Route> event_routes() { return routes; }

}  // namespace hilltop::web
