// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "controller/worker/base64.hpp"
#include "controller/worker/worker_link.hpp"

/// Every message has one `visit`: the list of its fields, used in both directions, so that they cannot disagree.
namespace hilltop::controller {
namespace {

using Json = nlohmann::json;

/// Bytes, which need not be UTF-8.
struct Bytes {
  std::string& value;
};

Json encode(const std::string& v) { return v; }
Json encode(const Bytes& v) { return to_base64(v.value); }
template <class T>
  requires std::is_arithmetic_v<T>
Json encode(T v) {
  return v;
}
Json encode(UtcTime v) { return v.time_since_epoch().count(); }
Json encode(const std::vector<std::string>& v) { return v; }
Json encode(const std::optional<double>& v) { return v ? Json(*v) : Json(); }
Json encode(const std::optional<Blame>& v) { return v ? Json(to_string(*v)) : Json(); }
Json encode(jobs::CaseResult v) { return jobs::to_string(v); }
Json encode(jobs::Verdict v) { return jobs::to_string(v); }
Json encode(jobs::LogLevel v) { return jobs::to_string(v); }

bool decode(const Json& j, std::string& v) { return j.is_string() && (v = j.get<std::string>(), true); }
bool decode(const Json& j, Bytes v) {
  auto bytes = j.is_string() ? from_base64(j.get<std::string>()) : std::nullopt;
  return bytes && (v.value = *std::move(bytes), true);
}
bool decode(const Json& j, bool& v) { return j.is_boolean() && (v = j.get<bool>(), true); }
bool decode(const Json& j, double& v) { return j.is_number() && (v = j.get<double>(), true); }
template <std::unsigned_integral T>
bool decode(const Json& j, T& v) {
  if (!j.is_number_unsigned() || j.get<std::uint64_t>() > std::numeric_limits<T>::max()) return false;
  v = j.get<T>();
  return true;
}
bool decode(const Json& j, UtcTime& v) {
  return j.is_number_integer() && (v = UtcTime(std::chrono::microseconds(j.get<std::int64_t>())), true);
}
bool decode(const Json& j, std::vector<std::string>& v) {
  if (!j.is_array()) return false;
  for (const auto& item : j) {
    if (!item.is_string()) return false;
    v.push_back(item.get<std::string>());
  }
  return true;
}
bool decode(const Json& j, std::optional<double>& v) {
  return j.is_null() || (j.is_number() && (v = j.get<double>(), true));
}
bool decode(const Json& j, std::optional<Blame>& v) {
  return j.is_null() || (j.is_string() && (v = blame_from(j.get<std::string>()), true));
}
template <class E>
bool decode_name(const Json& j, E& v, std::optional<E> (*from)(std::string_view) noexcept) {
  const auto found = j.is_string() ? from(j.get<std::string>()) : std::nullopt;
  return found && (v = *found, true);
}
bool decode(const Json& j, jobs::CaseResult& v) { return decode_name(j, v, &jobs::case_result_from); }
bool decode(const Json& j, jobs::Verdict& v) { return decode_name(j, v, &jobs::verdict_from); }
bool decode(const Json& j, jobs::LogLevel& v) { return decode_name(j, v, &jobs::log_level_from); }

template <class T>
Json encode_object(const T& message);
template <class T>
bool decode_object(const Json& j, T& message, std::string& missing);

// Text that a board or a job chose may hold any byte: it travels as bytes.
void visit(jobs::LogLine& m, auto&& f) {
  f("time", m.time), f("level", m.level), f("text", Bytes{m.text}), f("ns", m.name_space);
}
void visit(jobs::TestCase& m, auto&& f) {
  f("suite", Bytes{m.suite}), f("name", Bytes{m.name}), f("result", m.result), f("measurement", m.measurement);
  f("units", Bytes{m.units}), f("duration_s", m.duration_s), f("line", m.line), f("message", Bytes{m.message});
}
void visit(jobs::Outcome& m, auto&& f) {
  f("verdict", m.verdict), f("blame", m.blame), f("reason", Bytes{m.reason}), f("board_suspect", m.board_suspect);
  f("retry", m.retry);
}
void visit(RunJob& m, auto&& f) {
  f("job", m.job), f("board", m.board), f("definition", Bytes{m.definition}), f("file_name", m.file_name);
}
void visit(CancelJob& m, auto&& f) { f("job", m.job), f("reason", m.reason); }
void visit(PowerCommand& m, auto&& f) { f("board", m.board), f("action", m.action); }
void visit(ResetCommand& m, auto&& f) { f("board", m.board), f("kind", m.kind); }
void visit(FlashCommand& m, auto&& f) { f("board", m.board), f("files", m.files); }
void visit(CleanBoard& m, auto&& f) { f("board", m.board); }
void visit(ConsoleRead& m, auto&& f) {
  f("board", m.board), f("console", m.console), f("from", m.from), f("max", m.max), f("wait_ms", m.wait_ms),
      f("exact", m.exact);
}
void visit(ConsoleWrite& m, auto&& f) {
  f("board", m.board), f("console", m.console), f("bytes", Bytes{m.bytes}), f("writer", m.writer);
}
void visit(ConsoleClaim& m, auto&& f) {
  f("board", m.board), f("console", m.console), f("writer", m.writer), f("name", m.name), f("from", m.from),
      f("take", m.take);
}
void visit(ConsoleRelease& m, auto&& f) { f("board", m.board), f("console", m.console), f("writer", m.writer); }
void visit(ConsoleExport& m, auto&& f) {
  f("board", m.board), f("console", m.console), f("protocol", m.protocol), f("address", m.address), f("port", m.port),
      f("name", m.name);
}
void visit(ConsoleUnexport& m, auto&& f) { f("board", m.board); }
void visit(ConsoleWriter& m, auto&& f) {
  f("console", m.console), f("id", m.id), f("name", m.name), f("from", m.from), f("since", m.since);
}
void visit(ConsolePortView& m, auto&& f) {
  f("console", m.console), f("protocol", m.kind), f("where", m.where), f("owner", m.owner);
}
void visit(ApplyInventory& m, auto&& f) { f("text", Bytes{m.text}), f("file_name", m.file_name), f("keep", m.keep); }
void visit(TranscriptList& m, auto&& f) { f("board", m.board); }
void visit(TranscriptFind& m, auto&& f) { f("board", m.board), f("console", m.console), f("time", m.time); }
void visit(TranscriptPageRead& m, auto&& f) {
  f("board", m.board), f("console", m.console), f("from", m.from), f("to", m.to), f("max", m.max), f("first", m.first);
}
void visit(TranscriptGrep& m, auto&& f) {
  f("search", m.search), f("boards", m.boards), f("console", m.console), f("channel", m.channel),
      f("pattern", Bytes{m.pattern}), f("packs", m.packs), f("since", m.since), f("until", m.until);
}
void visit(ConsoleCounters&, auto&&) {}
void visit(DiscoverHardware&, auto&&) {}
void visit(CheckHardware&, auto&&) {}
void visit(IdentifyBoard& m, auto&& f) { f("board", m.board); }
void visit(JobLogged& m, auto&& f) { f("job", m.job), f("first_line", m.first_line), f("lines", m.lines); }
void visit(JobResult& m, auto&& f) { f("job", m.job), f("case", m.test_case); }
void visit(JobAction& m, auto&& f) {
  f("job", m.job), f("level", m.level), f("name", m.name), f("ended", m.ended), f("ok", m.ok),
      f("duration_s", m.duration_s);
}
void visit(JobFinished& m, auto&& f) { f("job", m.job), f("outcome", m.outcome); }
void visit(BoardStatus& m, auto&& f) {
  f("board", m.board), f("power", m.power), f("consoles", m.consoles), f("offers", m.offers), f("problem", m.problem);
  f("writers", m.writers), f("ports", m.ports);
  f("power_found", m.power_found), f("power_problem", Bytes{m.power_problem});
}
void visit(BoardLost& m, auto&& f) { f("board", m.board), f("reason", Bytes{m.reason}); }
void visit(FlashProgressed& m, auto&& f) { f("board", m.board), f("done", m.done), f("total", m.total); }
void visit(BoardFault& m, auto&& f) {
  f("board", m.board), f("console", m.console), f("channel", m.channel), f("rule", m.rule), f("summary", m.summary),
      f("line", Bytes{m.line}), f("offset", m.offset), f("count", m.count);
}
void visit(WorkerReply& m, auto&& f) {
  f("text", m.text), f("offset", m.offset), f("lost", m.lost), f("bytes", Bytes{m.bytes}), f("time", m.time);
}

Json encode(const jobs::TestCase& v) { return encode_object(v); }
Json encode(const jobs::Outcome& v) { return encode_object(v); }
template <class T>
Json encode_list(const std::vector<T>& v) {
  auto out = Json::array();
  for (const auto& one : v) out.push_back(encode_object(one));
  return out;
}
Json encode(const std::vector<jobs::LogLine>& v) { return encode_list(v); }
Json encode(const std::vector<ConsoleWriter>& v) { return encode_list(v); }
Json encode(const std::vector<ConsolePortView>& v) { return encode_list(v); }
bool decode(const Json& j, jobs::TestCase& v) {
  std::string missing;
  return decode_object(j, v, missing);
}
bool decode(const Json& j, jobs::Outcome& v) {
  std::string missing;
  return decode_object(j, v, missing);
}
template <class T>
bool decode_list(const Json& j, std::vector<T>& v) {
  std::string missing;
  return j.is_array() &&
         std::ranges::all_of(j, [&](const Json& one) { return decode_object(one, v.emplace_back(), missing); });
}
bool decode(const Json& j, std::vector<jobs::LogLine>& v) { return decode_list(j, v); }
bool decode(const Json& j, std::vector<ConsoleWriter>& v) { return decode_list(j, v); }
bool decode(const Json& j, std::vector<ConsolePortView>& v) { return decode_list(j, v); }

template <class T>
Json encode_object(const T& message) {
  auto out = Json::object();
  T copy = message;  // visit() serves both directions, and so takes what may be changed
  visit(copy, [&](const char* name, const auto& field) { out[name] = encode(field); });
  return out;
}

template <class T>
bool decode_object(const Json& j, T& message, std::string& missing) {
  if (!j.is_object()) return false;
  bool good = true;
  visit(message, [&](const char* name, auto&& field) {
    const auto found = j.find(name);
    if (found != j.end() && decode(*found, field)) return;
    good = false;
    missing = name;
  });
  return good;
}

template <class T>
constexpr const char* kind_of_message = nullptr;
#define HILLTOP_KIND(type, name) \
  template <>                    \
  constexpr const char* kind_of_message<type> = name
HILLTOP_KIND(RunJob, "run_job");
HILLTOP_KIND(CancelJob, "cancel_job");
HILLTOP_KIND(PowerCommand, "power");
HILLTOP_KIND(ResetCommand, "reset");
HILLTOP_KIND(FlashCommand, "flash");
HILLTOP_KIND(CleanBoard, "clean");
HILLTOP_KIND(ConsoleRead, "console_read");
HILLTOP_KIND(ConsoleWrite, "console_write");
HILLTOP_KIND(ConsoleClaim, "console_claim");
HILLTOP_KIND(ConsoleRelease, "console_release");
HILLTOP_KIND(ConsoleExport, "console_export");
HILLTOP_KIND(ConsoleUnexport, "console_unexport");
HILLTOP_KIND(ApplyInventory, "apply_inventory");
HILLTOP_KIND(TranscriptList, "transcript_list");
HILLTOP_KIND(TranscriptFind, "transcript_find");
HILLTOP_KIND(TranscriptPageRead, "transcript_page");
HILLTOP_KIND(TranscriptGrep, "transcript_grep");
HILLTOP_KIND(ConsoleCounters, "console_counters");
HILLTOP_KIND(DiscoverHardware, "discover_hardware");
HILLTOP_KIND(CheckHardware, "check_hardware");
HILLTOP_KIND(IdentifyBoard, "identify");
HILLTOP_KIND(JobLogged, "job_logged");
HILLTOP_KIND(JobResult, "job_result");
HILLTOP_KIND(JobAction, "job_action");
HILLTOP_KIND(JobFinished, "job_finished");
HILLTOP_KIND(BoardStatus, "board_status");
HILLTOP_KIND(BoardLost, "board_lost");
HILLTOP_KIND(FlashProgressed, "flash_progressed");
HILLTOP_KIND(BoardFault, "board_fault");
#undef HILLTOP_KIND

template <class... T>
Json encode_any(const std::variant<T...>& message) {
  return std::visit(
      []<class M>(const M& one) {
        auto out = encode_object(one);
        out["kind"] = kind_of_message<M>;
        return out;
      },
      message);
}

template <class Variant>
struct AnyOf;
template <class... T>
struct AnyOf<std::variant<T...>> {
  static Result<std::variant<T...>> decode(const Json& j) {
    const auto kind = j.is_object() && j.contains("kind") && j["kind"].is_string() ? j["kind"].get<std::string>() : "";
    std::optional<Result<std::variant<T...>>> out;
    const auto attempt = [&]<class M>(M message) {
      if (out || kind != kind_of_message<M>) return;
      std::string missing;
      if (decode_object(j, message, missing))
        out = Result<std::variant<T...>>(std::variant<T...>(std::move(message)));
      else
        out = Result<std::variant<T...>>(
            Error(Errc::protocol, Blame::bug, fmt::format("message {}: field {} is missing or wrong", kind, missing)));
    };
    (attempt(T{}), ...);
    if (!out) return Error(Errc::protocol, Blame::bug, fmt::format("unknown message '{}'", kind));
    return *std::move(out);
  }
};

}  // namespace

Json to_json(const WorkerCommand& command) { return encode_any(command); }
Result<WorkerCommand> worker_command_from(const Json& text) { return AnyOf<WorkerCommand>::decode(text); }
Json to_json(const WorkerEvent& event) { return encode_any(event); }
Result<WorkerEvent> worker_event_from(const Json& text) { return AnyOf<WorkerEvent>::decode(text); }
Json to_json(const WorkerReply& reply) { return encode_object(reply); }

Result<WorkerReply> worker_reply_from(const Json& text) {
  WorkerReply out;
  std::string missing;
  if (!decode_object(text, out, missing))
    return Error(Errc::protocol, Blame::bug, fmt::format("reply: field {} is missing or wrong", missing));
  return out;
}

}  // namespace hilltop::controller
