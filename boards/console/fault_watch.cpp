// SPDX-License-Identifier: Apache-2.0
#include "boards/console/fault_watch.hpp"

#include <sys/prctl.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "boards/console/line_hits.hpp"
#include "boards/console/transcript.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::boards {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t read_limit = 256 * 1024;  // of one console, then the others have their turn

/// What was said of a rule, and what was held back.
struct Coalesced {
  Clock::time_point until;
  SeenFault last;
  std::uint32_t held = 0;
};

/// The faults of a rule set, compiled once for all consoles that have them: that takes milliseconds and 200 KB.
struct Faults {
  std::vector<Rule> rules;  // of the matcher's patterns
  std::shared_ptr<const Matcher> matcher;
};

struct Watched {
  Watched(std::shared_ptr<Console> c, Analysis a, std::shared_ptr<const Faults> f)
      : console(std::move(c)), analysis(std::move(a)), faults(std::move(f)), at(console->end()) {}
  std::shared_ptr<Console> console;
  Analysis analysis;
  std::shared_ptr<const Faults> faults;
  std::uint64_t at = 0;
  Clock::time_point last_bytes;
  bool open_lines = false;
  std::map<std::uint32_t, Coalesced> said;  // by rule
};

using RuleKey = std::vector<std::pair<std::string, std::string>>;  // id and pattern of each rule

}  // namespace

struct FaultWatch::State {
  std::shared_ptr<const Transcript> transcript;
  OnFault on_fault;
  Options options;
  std::atomic<std::uint64_t> bytes{0}, faults{0}, missed{0};

  mutable std::mutex mutex;  // guards the next three, and all of a Watched
  std::map<RuleKey, std::weak_ptr<const Faults>> compiled;
  std::map<ConsoleKey, std::unique_ptr<Watched>> consoles;
  bool stop = false;
  std::condition_variable changed;
  AnalysisWorkspace workspace;  // the thread's
  std::thread thread;

  Result<std::shared_ptr<const Faults>> faults_of(const RuleSet& rules);

  void run() {
    ::prctl(PR_SET_NAME, "watch");
    std::unique_lock lock(mutex);
    while (!stop) {
      bool more = false;
      for (auto& [key, console] : consoles) more = look_at(*console) || more;
      if (more) {  // who adds or removes a console has a turn
        lock.unlock();
        std::this_thread::yield();
        lock.lock();
      } else {
        changed.wait_for(lock, options.interval, [this] { return stop; });
      }
    }
  }

  // True when there is more at once.
  bool look_at(Watched& w) {
    const auto now = Clock::now();
    LineHits sink(w.analysis, "", [&](const LineHit& hit) { found(w, hit, now); });
    auto chunk = w.console->read_now(w.at, read_limit);
    if (chunk && chunk->lost > 0) return catch_up(w, chunk->offset, sink);
    if (chunk) {
      take(w, chunk->bytes, sink, now);
      return chunk->bytes.size() == read_limit;
    }
    if (w.open_lines && now - w.last_bytes >= options.quiet) {
      w.analysis.end(sink, workspace);
      w.open_lines = false;
    }
    release(w, now);
    return false;
  }

  void take(Watched& w, std::string_view text, LineHits& sink, Clock::time_point now) {
    w.analysis.feed(text, w.at, sink, workspace);
    w.at += text.size();
    w.last_bytes = now;
    w.open_lines = true;
    bytes += text.size();
  }

  bool catch_up(Watched& w, std::uint64_t until, LineHits& sink) {
    const ConsoleKey key{w.console->board(), w.console->name()};
    const auto stored = transcript->fetch(key, w.at, std::min<std::uint64_t>(until, w.at + read_limit));
    if (stored && !stored->empty()) {
      take(w, *stored, sink, Clock::now());
      return true;
    }
    const auto next = stored ? until : std::clamp(transcript->next_stored(key, w.at + 1), w.at + 1, until);
    missed += next - w.at;
    w.at = next;
    return true;
  }

  void found(Watched& w, const LineHit& hit, Clock::time_point now) {
    ++faults;
    const auto [place, is_new] = w.said.try_emplace(hit.pattern);
    auto& said = place->second;
    tell(w, hit, said.last);
    if (!is_new && now < said.until) {
      ++said.held;
      return;
    }
    said.last.count = 1 + std::exchange(said.held, 0);
    said.until = now + options.coalesce;
    on_fault(said.last);
  }

  // A flood says the same again and again: its memory is used again.
  void tell(const Watched& w, const LineHit& hit, SeenFault& out) {
    const auto& rule = w.faults->rules[hit.pattern];
    out.board = w.console->board();
    out.console = w.console->name();
    out.channel = hit.channel;
    out.rule = rule.id;
    out.summary = rule.summary;
    out.line = hit.line;
    out.offset = hit.offset;
    out.time = utc_now();
  }

  // What was held back of a flood that is over.
  void release(Watched& w, Clock::time_point now) {
    for (auto it = w.said.begin(); it != w.said.end();) {
      auto& said = it->second;
      if (now < said.until) {
        ++it;
      } else if (said.held > 0) {
        said.last.count = std::exchange(said.held, 0);
        said.until = now + options.coalesce;
        on_fault(said.last);
        ++it;
      } else {
        it = w.said.erase(it);
      }
    }
  }
};

FaultWatch::FaultWatch(std::shared_ptr<const Transcript> transcript, OnFault on_fault)
    : FaultWatch(std::move(transcript), std::move(on_fault), Options()) {}

FaultWatch::FaultWatch(std::shared_ptr<const Transcript> transcript, OnFault on_fault, Options options)
    : state_(std::make_unique<State>()) {
  state_->transcript = std::move(transcript);
  state_->on_fault = std::move(on_fault);
  state_->options = options;
  state_->thread = std::thread([s = state_.get()] { s->run(); });
}

FaultWatch::~FaultWatch() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->changed.notify_all();
  state_->thread.join();
}

Result<std::shared_ptr<const Faults>> FaultWatch::State::faults_of(const RuleSet& rules) {
  auto out = std::make_shared<Faults>();
  std::vector<PatternSpec> patterns;
  RuleKey key;
  for (const auto& rule : rules.rules()) {
    if (rule.severity != Severity::fault) continue;
    out->rules.push_back(rule);
    patterns.push_back({rule.pattern, 1, true});
    key.emplace_back(rule.id, rule.pattern);
  }
  if (key.empty()) return std::shared_ptr<const Faults>(std::move(out));
  {
    const std::lock_guard lock(mutex);
    if (auto known = compiled[key].lock()) return known;
  }
  HILLTOP_TRY(out->matcher, Matcher::compile(std::move(patterns)));
  const std::lock_guard lock(mutex);
  compiled[key] = out;
  return std::shared_ptr<const Faults>(std::move(out));
}

Result<> FaultWatch::add(std::shared_ptr<Console> console, const RuleSet& rules,
                         const std::vector<demux::DecoderSpec>& decoders) {
  const ConsoleKey key{console->board(), console->name()};
  HILLTOP_TRY(auto faults, state_->faults_of(rules));
  if (faults->rules.empty()) {
    remove(key.board, key.name);
    return ok();
  }
  HILLTOP_TRY(auto demux, demux::Demux::make(decoders));
  Analysis analysis(std::move(demux), faults->matcher);
  const std::lock_guard lock(state_->mutex);
  state_->consoles[key] = std::make_unique<Watched>(std::move(console), std::move(analysis), std::move(faults));
  return ok();
}

void FaultWatch::remove(const std::string& board, const std::string& console) {
  const std::lock_guard lock(state_->mutex);
  state_->consoles.erase({board, console});
}

FaultWatch::Stats FaultWatch::stats() const {
  Stats out;
  out.bytes = state_->bytes;
  out.faults = state_->faults;
  out.missed = state_->missed;
  const std::lock_guard lock(state_->mutex);
  for (const auto& [key, watched] : state_->consoles) out.lag += watched->console->end() - watched->at;
  return out;
}

}  // namespace hilltop::boards
