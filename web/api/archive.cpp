// SPDX-License-Identifier: Apache-2.0
// What consoles have said: exports and searches, streamed as they are made.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "boards/console/transcript_export.hpp"
#include "controller/worker/console_archive.hpp"
#include "web/api/json_body.hpp"
#include "web/api/operate.hpp"
#include "web/api/problem.hpp"

namespace hilltop::web {
namespace {

using controller::Farm;
using controller::WorkerCommand;
using controller::WorkerReply;

constexpr std::uint32_t page_bytes = 256 * 1024;
constexpr auto ask_time = 60s;
constexpr std::chrono::seconds around_time{30};
constexpr std::uint32_t follow_ms = 5000;
constexpr int longest_silence = 120;  // times follow_ms: then who follows asks again; he may be gone

Error bad(std::string text) { return {Errc::bad_input, Blame::job, std::move(text)}; }

Task<WorkerReply> ask(ApiPtr api, controller::Principal who, std::string board, WorkerCommand command) {
  co_return co_await hop(api->gate, &look, std::move(who), std::move(board), std::move(command),
                         Deadline::after(ask_time));
}

/// An export under way.
struct Export {
  explicit Export(boards::ExportFormat format) : exporter(format) {}
  ApiPtr api;
  controller::Principal who;
  std::string board, console;
  std::uint64_t from = 0, to = UINT64_MAX;
  bool follow = false, first = true, over = false;
  boards::TranscriptExporter exporter;
};
using ExportPtr = std::shared_ptr<Export>;

Task<boards::TranscriptPage> next_page(ExportPtr e) {
  controller::TranscriptPageRead command{e->board, e->console, e->from, e->to, page_bytes, e->first};
  HILLTOP_CO_TRY(auto reply, co_await ask(e->api, e->who, e->board, WorkerCommand(std::move(command))));
  HILLTOP_CO_TRY(auto page, controller::page_from(std::move(reply)));
  e->first = false;
  e->from = std::max(e->from, page.end);
  co_return page;
}

/// Until there is a byte at e->from; false when the board has been silent for long.
Task<bool> wait_for_bytes(ExportPtr e) {
  for (int i = 0; i < longest_silence; ++i) {
    controller::ConsoleRead command;
    command.board = e->board;
    command.console = e->console;
    command.from = e->from;
    command.max = 1;
    command.wait_ms = follow_ms;
    HILLTOP_CO_TRY(const auto reply, co_await ask(e->api, e->who, e->board, WorkerCommand(command)));
    if (reply.bytes.empty()) continue;
    HILLTOP_CO_CHECK(co_await sleep_for(20ms));  // it is on its way to the transcript
    co_return true;
  }
  co_return false;
}

Task<std::string> next_of_export(ExportPtr e) {
  while (!e->over) {
    HILLTOP_CO_TRY(const auto page, co_await next_page(e));
    auto out = e->exporter.feed(page);
    if (page.bytes.empty()) {
      e->over = !e->follow || e->from >= e->to;
      if (!e->over) {
        HILLTOP_CO_TRY(const bool more, co_await wait_for_bytes(e));
        e->over = !more;
      }
      if (e->over) out += e->exporter.end();
    }
    if (!out.empty()) co_return out;
  }
  co_return std::string();
}

class ExportBody final : public BodySource {
 public:
  explicit ExportBody(ExportPtr e) : export_(std::move(e)) {}
  Task<std::string> next(Deadline) override { return next_of_export(export_); }

 private:
  ExportPtr export_;
};

Task<std::uint64_t> offset_of(ExportPtr e, UtcTime time) {
  controller::TranscriptFind command{e->board, e->console, time};
  HILLTOP_CO_TRY(const auto reply, co_await ask(e->api, e->who, e->board, WorkerCommand(std::move(command))));
  co_return reply.offset;
}

/// From where to where: by offsets, else by times.
Task<> find_range(ExportPtr e, const Request& request) {
  HILLTOP_CO_TRY(e->from, integer_query(request, "from", 0));
  HILLTOP_CO_TRY(e->to, integer_query(request, "to", UINT64_MAX));
  HILLTOP_CO_TRY(auto since, time_query(request, "since"));
  HILLTOP_CO_TRY(auto until, time_query(request, "until"));
  HILLTOP_CO_TRY(const auto around, time_query(request, "around"));
  if (around != UtcTime()) {
    since = around - around_time;
    until = around + around_time;
  }
  if (since != UtcTime()) {
    HILLTOP_CO_TRY(e->from, co_await offset_of(e, since));
  }
  const bool open_end = until == UtcTime() && e->to == UINT64_MAX;
  if (until != UtcTime()) {
    HILLTOP_CO_TRY(e->to, co_await offset_of(e, until));
  }
  const bool has_begin = since != UtcTime() || !request.query_value("from").value_or("").empty();
  // An export of a board that talks all the time ends where that stands now; who follows it without more begins there.
  if (open_end && !e->follow) {
    HILLTOP_CO_TRY(e->to, co_await offset_of(e, UtcTime::max()));
  } else if (e->follow && !has_begin) {
    HILLTOP_CO_TRY(e->from, co_await offset_of(e, UtcTime::max()));
  }
  co_return ok();
}

Task<Response> export_transcript(ApiPtr api, Call call) {
  const auto name = call.request.query_value("format").value_or("raw");
  const auto format = boards::export_format_from(name);
  if (!format) co_return bad("format must be one of raw, text, jsonl, lava");
  auto e = std::make_shared<Export>(*format);
  e->api = api;
  e->who = call.who;
  e->board = call.request.param("name");
  e->console = call.request.query_value("console").value_or("");
  e->follow = call.request.query_value("follow").value_or("") == "1";
  HILLTOP_CO_CHECK(co_await find_range(e, call.request));
  Response response(200, std::string(boards::media_type(*format)), "");
  response.headers.emplace_back("X-Hilltop-Offset", std::to_string(e->from));
  response.body = std::make_shared<ExportBody>(e);
  co_return response;
}

/// A search under way.
struct Grep {
  ApiPtr api;
  controller::TranscriptGrep command;
  std::string first_reply;  // made before the answer began: complaints have a status of their own
  bool over = false;
};
using GrepPtr = std::shared_ptr<Grep>;

Task<WorkerReply> call_worker(std::shared_ptr<Farm> farm, WorkerCommand command, Deadline deadline) {
  co_return co_await farm->worker().call(std::move(command), deadline);
}

Task<std::string> turn(GrepPtr g) {
  HILLTOP_CO_TRY(auto reply,
                 co_await hop(g->api->gate, &call_worker, WorkerCommand(g->command), Deadline::after(ask_time)));
  g->command.search = reply.offset;
  g->over = reply.lost != 0;
  co_return std::move(reply.text);
}

Task<std::string> next_of_grep(GrepPtr g) {
  if (!g->first_reply.empty()) co_return std::exchange(g->first_reply, {});
  while (!g->over) {
    HILLTOP_CO_TRY(auto hits, co_await turn(g));
    if (!hits.empty()) co_return hits;
  }
  co_return std::string();
}

class GrepBody final : public BodySource {
 public:
  explicit GrepBody(GrepPtr g) : grep_(std::move(g)) {}
  Task<std::string> next(Deadline) override { return next_of_grep(grep_); }

 private:
  GrepPtr grep_;
};

std::vector<std::string> values_of(const Request& request, std::string_view name) {
  std::vector<std::string> out;
  for (const auto& [key, value] : request.query)
    if (key == name && !value.empty()) out.push_back(value);
  return out;
}

/// The boards that are meant, all of which `who` may see.
Result<std::vector<std::string>> boards_for(const std::shared_ptr<Farm>& farm, const controller::Principal& who,
                                            const std::vector<std::string>& wanted) {
  for (const auto& name : wanted) HILLTOP_CHECK(farm->board(who, name));
  if (!wanted.empty()) return wanted;
  std::vector<std::string> out;
  for (const auto& board : farm->boards(who)) out.push_back(board.name);
  return out;
}

Task<Response> grep(ApiPtr api, Call call) {
  auto g = std::make_shared<Grep>();
  g->api = api;
  const auto& request = call.request;
  HILLTOP_CO_TRY(g->command.boards, co_await hop(api->gate, &boards_for, call.who, values_of(request, "board")));
  g->command.pattern = request.query_value("pattern").value_or("");
  g->command.console = request.query_value("console").value_or("");
  g->command.channel = request.query_value("channel").value_or("");
  g->command.packs = values_of(request, "rules");
  HILLTOP_CO_TRY(g->command.since, time_query(request, "since"));
  HILLTOP_CO_TRY(g->command.until, time_query(request, "until"));
  if (g->command.boards.empty()) g->over = true;
  if (!g->over) {
    HILLTOP_CO_TRY(g->first_reply, co_await turn(g));
  }
  Response response(200, "application/x-ndjson", "");
  response.body = std::make_shared<GrepBody>(g);
  co_return response;
}

constexpr QueryParam export_query[] = {
    {"console", ParamType::text, "name; without it the board's first"},
    {"format", ParamType::text, "raw, text, jsonl, lava"},
    {"from", ParamType::integer, "offset of the first byte"},
    {"to", ParamType::integer, "offset after the last byte"},
    {"since", ParamType::text, "a time (RFC 3339), or how long ago: 10m"},
    {"until", ParamType::text, "a time, or how long ago"},
    {"around", ParamType::text, "a time: half a minute before and after it"},
    {"follow", ParamType::integer, "1: goes on with what the board says; begins now without from, since and around"}};
constexpr QueryParam grep_query[] = {{"pattern", ParamType::text, "Python regular expression, searched in each line"},
                                     {"rules", ParamType::text, "a rule pack to look for, or all; may be repeated"},
                                     {"board", ParamType::text, "name; may be repeated; without it all"},
                                     {"console", ParamType::text, "name; without it all"},
                                     {"channel", ParamType::text, "text, kernel, shell, ...; without it all"},
                                     {"since", ParamType::text, "a time (RFC 3339), or how long ago: 10m"},
                                     {"until", ParamType::text, "a time, or how long ago"}};

constexpr Route routes[] = {
    {.pattern = "/api/v1/boards/{name}/console/export",
     .tag = "consoles",
     .summary = "The transcript with its times, streamed; bytes and times are exact.",
     .query = export_query,
     .gives = {"*/*", ""},
     .handler = &export_transcript},
    {.pattern = "/api/v1/grep",
     .tag = "consoles",
     .summary = "Searches all transcripts, compressed ones too: a JSON object a line for each line that matches "
                "({\"board\",\"console\",\"time\",\"offset\",\"channel\",\"rule\",\"line\"}), as they are found.",
     .query = grep_query,
     .gives = {"application/x-ndjson", ""},
     .handler = &grep},
};

}  // namespace

std::span<const Route> archive_routes() { return routes; }

}  // namespace hilltop::web
