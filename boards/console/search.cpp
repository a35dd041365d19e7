// SPDX-License-Identifier: Apache-2.0
#include "boards/console/search.hpp"

#include <algorithm>
#include <tuple>

#include "boards/console/line_hits.hpp"
#include "boards/console/transcript_page.hpp"

namespace hilltop::boards {
namespace {

constexpr std::size_t step_bytes = 4 << 20;

}  // namespace

Result<SearchFor> SearchFor::compile(const std::string& pattern, const std::vector<Rule>& rules, std::string channel) {
  SearchFor out;
  out.channel = std::move(channel);
  std::vector<PatternSpec> specs;
  if (!pattern.empty()) {
    specs.push_back({pattern});
    out.rules.emplace_back();
  }
  for (const auto& rule : rules) {
    specs.push_back({rule.pattern, 1, true});
    out.rules.push_back(rule.id);
  }
  if (specs.empty()) return Error(Errc::bad_input, Blame::job, "nothing to search for: a pattern or rules are needed");
  HILLTOP_TRY(out.matcher, Matcher::compile(std::move(specs)));
  return out;
}

struct TranscriptSearch::State {
  State(std::shared_ptr<const SearchFor> w, demux::Demux demux)
      : what(std::move(w)),
        analysis(std::move(demux), what->matcher),
        sink(analysis, what->channel, [this](const LineHit& found) { add(found); }) {}
  std::shared_ptr<const SearchFor> what;
  Analysis analysis;
  AnalysisWorkspace workspace;
  LineHits sink;
  std::shared_ptr<const Transcript> transcript;
  ConsoleKey key;
  std::uint64_t at = 0;
  std::uint64_t to = 0;
  std::vector<SearchHit> hits;
  std::vector<TimeMark> marks;

  void add(const LineHit& found) {
    SearchHit hit;
    hit.offset = found.offset;
    const auto mark = std::ranges::upper_bound(marks, found.offset, {}, &TimeMark::offset);
    if (mark != marks.begin()) hit.time = std::prev(mark)->time;
    hit.channel = found.channel;
    hit.rule = what->rules[found.pattern];
    hit.line = found.line;
    hits.push_back(std::move(hit));
  }

  // Marks of the step before are needed for a line that began in it.
  void keep_marks(std::vector<TimeMark> more) {
    constexpr std::size_t of_one_line = 64 * 1024;
    if (marks.size() > of_one_line) marks.erase(marks.begin(), marks.end() - of_one_line);
    for (const auto& mark : more)
      if (marks.empty() || mark.offset > marks.back().offset) marks.push_back(mark);
  }
};

TranscriptSearch::TranscriptSearch(std::unique_ptr<State> state) : state_(std::move(state)) {}
TranscriptSearch::TranscriptSearch(TranscriptSearch&&) noexcept = default;
TranscriptSearch& TranscriptSearch::operator=(TranscriptSearch&&) noexcept = default;
TranscriptSearch::~TranscriptSearch() = default;

Result<TranscriptSearch> TranscriptSearch::open(std::shared_ptr<const Transcript> transcript, ConsoleKey key,
                                                std::uint64_t from, std::uint64_t to,
                                                std::shared_ptr<const SearchFor> what,
                                                const std::vector<demux::DecoderSpec>& decoders) {
  HILLTOP_TRY(auto demux, demux::Demux::make(decoders));
  auto state = std::make_unique<State>(std::move(what), std::move(demux));
  state->to = std::min(to, transcript->end(key));
  state->at = std::min(from, state->to);
  state->transcript = std::move(transcript);
  state->key = std::move(key);
  return TranscriptSearch(std::move(state));
}

Result<std::vector<SearchHit>> TranscriptSearch::step() {
  auto& s = *state_;
  s.hits.clear();
  if (done()) return std::vector<SearchHit>();
  HILLTOP_TRY(auto page, read_page(*s.transcript, s.key, s.at, s.to, step_bytes, false));
  s.keep_marks(std::move(page.marks));
  s.sink.restart();
  if (!page.bytes.empty()) s.analysis.feed(page.bytes, page.from, s.sink, s.workspace);
  s.at = page.bytes.empty() ? s.to : page.end;
  if (done()) s.analysis.end(s.sink, s.workspace);
  std::ranges::sort(s.hits, {}, [](const SearchHit& hit) { return std::tie(hit.offset, hit.rule, hit.channel); });
  return std::move(s.hits);
}

bool TranscriptSearch::done() const { return state_->at >= state_->to; }
std::uint64_t TranscriptSearch::position() const { return state_->at; }

}  // namespace hilltop::boards
