// SPDX-License-Identifier: Apache-2.0
#include "controller/worker/console_archive.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace hilltop::controller {
namespace {

using boards::ConsoleKey;
using nlohmann::json;

constexpr std::size_t most_page_bytes = 1 << 20;
constexpr std::size_t most_searches = 16;
constexpr auto search_life = 60s;  // without a question: who asked is gone
constexpr auto turn_time = 250ms;  // then what was found is handed over
constexpr std::size_t most_hits = 2000;

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

UtcTime from_us(const json& value) { return UtcTime(std::chrono::microseconds(value.get<std::int64_t>())); }
std::int64_t us(UtcTime time) { return time.time_since_epoch().count(); }

bool is_mux_channel(std::string_view name) {
  if (!name.starts_with("mux") || name.size() == 3) return false;
  return name.find_first_not_of("0123456789", 3) == name.npos;
}

/// The console that is meant: without a name the board's first.
Result<ConsoleKey> find_console(const boards::Transcript& transcript, const std::string& board,
                                const std::string& name) {
  for (auto& key : transcript.consoles())
    if (key.board == board && (name.empty() || key.name == name)) return std::move(key);
  return Error(Errc::not_found, Blame::job,
               name.empty() ? fmt::format("nothing was ever heard of board {}", board)
                            : fmt::format("board {} has no console '{}' in the transcripts", board, name));
}

/// Of the packs that some board type of this lab uses; "all" is the faults of each of them: a boot that went well says
/// much that a pack knows.
Result<std::vector<boards::Rule>> rules_of(const boards::BoardTypes& types, const std::vector<std::string>& packs) {
  std::vector<std::string> known;
  for (const auto* type : types.all())
    for (const auto& pack : type->rule_packs)
      if (std::ranges::find(known, pack) == known.end()) known.push_back(pack);
  std::vector<std::string> wanted;
  for (const auto& pack : packs) {
    if (pack != "all" && std::ranges::find(known, pack) == known.end())
      return Error(Errc::bad_input, Blame::job, fmt::format("there is no rule pack '{}'", pack));
    if (pack == "all") wanted = known;
    if (pack != "all" && std::ranges::find(wanted, pack) == wanted.end()) wanted.push_back(pack);
  }
  if (wanted.empty()) return std::vector<boards::Rule>();
  auto rules = types.rules(wanted).rules();
  if (std::ranges::find(packs, "all") != packs.end())
    std::erase_if(rules, [](const boards::Rule& rule) { return rule.severity != boards::Severity::fault; });
  return rules;
}

}  // namespace

WorkerReply to_reply(boards::TranscriptPage page) {
  auto marks = json::array();
  for (const auto& mark : page.marks) marks.push_back({mark.offset, us(mark.time), us(mark.bound)});
  auto records = json::array();
  for (const auto& r : page.records)
    records.push_back({static_cast<std::uint32_t>(r.kind), r.offset, us(r.time), us(r.bound), r.count});
  WorkerReply out;
  out.text = dump({{"marks", std::move(marks)}, {"records", std::move(records)}});
  out.offset = page.from;
  out.bytes = std::move(page.bytes);
  return out;
}

Result<boards::TranscriptPage> page_from(WorkerReply reply) {
  boards::TranscriptPage out;
  const auto more = json::parse(reply.text, nullptr, false);
  if (!more.is_object() || !more.contains("marks") || !more.contains("records"))
    return Error(Errc::internal, Blame::bug, "a page of a transcript without its times");
  for (const auto& m : more["marks"]) out.marks.push_back({m[0].get<std::uint64_t>(), from_us(m[1]), from_us(m[2])});
  for (const auto& r : more["records"])
    out.records.push_back({static_cast<boards::RecordKind>(r[0].get<std::uint32_t>()), r[1].get<std::uint64_t>(),
                           from_us(r[2]), from_us(r[3]), r[4].get<std::uint32_t>()});
  out.from = reply.offset;
  out.bytes = std::move(reply.bytes);
  out.end = out.from + out.bytes.size();
  return out;
}

/// A search over several consoles, one after the other. Used by one question at a time, on the lane.
struct ConsoleArchive::Search {
  struct Target {
    ConsoleKey key;
    DictionaryBook::Stretch stretch;
  };
  std::uint64_t id = 0;
  std::shared_ptr<const boards::Transcript> transcript;
  TranscriptGrep command;
  std::vector<boards::Rule> rules;
  std::shared_ptr<const boards::SearchFor> what;
  std::vector<Target> left;  // the last one is next
  std::optional<ConsoleKey> key;
  std::optional<boards::TranscriptSearch> search;
  Deadline life = Deadline::never();
  bool busy = false;  // the worker's thread

  Result<> next_console() {
    const auto target = std::move(left.back());
    left.pop_back();
    const auto& stretch = target.stretch;
    std::uint64_t from = 0;
    auto to = transcript->end(target.key);
    if (command.since != UtcTime()) {
      HILLTOP_TRY(const auto offset, transcript->offset_at(target.key, command.since));
      from = offset.value_or(to);
    }
    if (command.until != UtcTime()) {
      HILLTOP_TRY(const auto offset, transcript->offset_at(target.key, command.until));
      to = offset.value_or(to);
    }
    from = std::max(from, stretch.from);
    to = std::max(from, std::min(to, stretch.to));
    HILLTOP_TRY(search, boards::TranscriptSearch::open(transcript, target.key, from, to, what, stretch.decoders));
    key = target.key;
    return ok();
  }

  void write(const boards::SearchHit& hit, std::string& out) const {
    nlohmann::ordered_json line{{"board", key->board},
                                {"console", key->name},
                                {"time", to_rfc3339(hit.time)},
                                {"offset", hit.offset},
                                {"channel", hit.channel}};
    if (!hit.rule.empty()) line["rule"] = hit.rule;
    line["line"] = hit.line;
    out += line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  }

  Result<WorkerReply> turn() {
    WorkerReply out;
    if (!what) HILLTOP_CHECK(compile());
    std::size_t hits = 0;
    for (const auto until = Deadline::after(turn_time); !until.passed() && hits < most_hits;) {
      if (!search && left.empty()) break;
      if (!search) HILLTOP_CHECK(next_console());
      HILLTOP_TRY(const auto found, search->step());
      for (const auto& hit : found) write(hit, out.text);
      hits += found.size();
      if (search->done()) search.reset();
    }
    out.offset = id;
    out.lost = search || !left.empty() ? 0 : 1;
    return out;
  }

  /// A channel that no decoder of these consoles makes is a slip of the pen, and not "nothing found".
  [[nodiscard]] Result<> check_channel() const {
    if (command.channel.empty() || left.empty()) return ok();
    std::set<std::string> known;
    for (const auto& target : left) {
      HILLTOP_TRY(const auto taken_apart, boards::demux::Demux::make(target.stretch.decoders));
      for (std::size_t i = 0; i < taken_apart.channel_count(); ++i)
        known.insert(taken_apart.channel_name(static_cast<boards::demux::ChannelId>(i)));
      if (std::ranges::find(target.stretch.decoders, "cmux", &boards::demux::DecoderSpec::name) !=
          target.stretch.decoders.end())
        known.insert("muxN");  // the streams get their channels as they open
    }
    const bool is_mux = known.contains("muxN") && is_mux_channel(command.channel);
    if (known.contains(command.channel) || is_mux) return ok();
    return Error(Errc::bad_input, Blame::job,
                 fmt::format("there is no channel '{}' on these consoles; their decoders make: {}", command.channel,
                             fmt::join(known, ", ")));
  }

  Result<> compile() {
    HILLTOP_CHECK(check_channel());
    HILLTOP_TRY(auto compiled, boards::SearchFor::compile(command.pattern, rules, command.channel));
    what = std::make_shared<const boards::SearchFor>(std::move(compiled));
    return ok();
  }
};

ConsoleArchive::ConsoleArchive(std::shared_ptr<const boards::Transcript> transcript,
                               std::shared_ptr<const boards::BoardTypes> types, DecodersOf decoders_of)
    : transcript_(std::move(transcript)), types_(std::move(types)), decoders_of_(std::move(decoders_of)) {}

Task<WorkerReply> ConsoleArchive::list(std::shared_ptr<ConsoleArchive> archive, TranscriptList command) {
  auto out = json::array();
  for (const auto& key : archive->transcript_->consoles()) {
    if (!command.board.empty() && key.board != command.board) continue;
    out.push_back({{"board", key.board},
                   {"console", key.name},
                   {"first", archive->transcript_->first(key)},
                   {"end", archive->transcript_->end(key)}});
  }
  WorkerReply reply;
  reply.text = dump(out);
  co_return reply;
}

Task<WorkerReply> ConsoleArchive::find(std::shared_ptr<ConsoleArchive> archive, TranscriptFind command) {
  HILLTOP_CO_TRY(const auto key, find_console(*archive->transcript_, command.board, command.console));
  auto ask = [transcript = archive->transcript_, key, time = command.time] { return transcript->offset_at(key, time); };
  const auto lane = archive->lane_;
  HILLTOP_CO_TRY(const auto offset, co_await lane->run(std::move(ask)));
  WorkerReply out;
  out.offset = offset.value_or(archive->transcript_->end(key));
  co_return out;
}

Task<WorkerReply> ConsoleArchive::page(std::shared_ptr<ConsoleArchive> archive, TranscriptPageRead command) {
  HILLTOP_CO_TRY(const auto key, find_console(*archive->transcript_, command.board, command.console));
  const auto max = std::clamp<std::size_t>(command.max, 1, most_page_bytes);
  auto ask = [transcript = archive->transcript_, key, command, max] {
    return boards::read_page(*transcript, key, command.from, command.to, max, command.first);
  };
  const auto lane = archive->lane_;
  HILLTOP_CO_TRY(auto page, co_await lane->run(std::move(ask)));
  co_return to_reply(std::move(page));
}

void ConsoleArchive::forget_old() {
  std::erase_if(searches_, [](const auto& entry) { return !entry.second->busy && entry.second->life.passed(); });
}

Result<std::shared_ptr<ConsoleArchive::Search>> ConsoleArchive::begin(const TranscriptGrep& command) {
  if (searches_.size() >= most_searches)
    return Error(Errc::busy, Blame::infrastructure, "too many searches at once: try again in a minute");
  auto out = std::make_shared<Search>();
  out->id = next_search_++;
  out->transcript = transcript_;
  out->command = command;
  HILLTOP_TRY(out->rules, rules_of(*types_, command.packs));
  for (const auto& key : transcript_->consoles()) {
    const auto& wanted = command.boards;
    if (!wanted.empty() && std::ranges::find(wanted, key.board) == wanted.end()) continue;
    if (!command.console.empty() && key.name != command.console) continue;
    for (auto& stretch : decoders_of_(key.board, key.name)) out->left.push_back({key, std::move(stretch)});
  }
  std::ranges::reverse(out->left);
  searches_[out->id] = out;
  return out;
}

Task<WorkerReply> ConsoleArchive::grep(std::shared_ptr<ConsoleArchive> archive, TranscriptGrep command) {
  archive->forget_old();
  std::shared_ptr<Search> search;
  if (command.search == 0) {
    HILLTOP_CO_TRY(search, archive->begin(command));
  } else {
    const auto found = archive->searches_.find(command.search);
    if (found == archive->searches_.end() || found->second->busy)
      co_return Error(Errc::not_found, Blame::job, fmt::format("search {} is over", command.search));
    search = found->second;
  }
  search->busy = true;
  auto ask = [search] { return search->turn(); };
  const auto lane = archive->lane_;
  auto reply = co_await lane->run(std::move(ask));
  search->busy = false;
  search->life = Deadline::after(search_life);
  if (!reply || reply->lost != 0) archive->searches_.erase(search->id);
  co_return reply;
}

}  // namespace hilltop::controller
