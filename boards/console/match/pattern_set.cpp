// SPDX-License-Identifier: Apache-2.0
#include "boards/console/match/pattern_set.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "boards/console/match/pcre.hpp"

namespace hilltop::boards {
namespace {

// A pattern that is made to backtrack may cost this much, not more: the limits hold for one starting point each, the
// time for all of them.
constexpr std::uint32_t match_limit = 10'000'000;
constexpr std::uint32_t heap_limit_kib = 20'000;
constexpr auto time_limit = std::chrono::seconds(2);
constexpr auto slow_slice = std::chrono::milliseconds(10);
constexpr std::size_t first_slice = 64;

using pcre::bad_pattern;
using pcre::MatchContext;
using pcre::MatchData;
using pcre::message_of;

struct OnePattern {
  std::string text;
  pcre::Code code;
  std::map<std::string, unsigned> groups;
};

Result<OnePattern> compile_one(std::string text) {
  HILLTOP_TRY(auto compiled, pcre::compile(text, PCRE2_USE_OFFSET_LIMIT, PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD));
  return OnePattern{std::move(text), std::move(compiled.code), std::move(compiled.groups)};
}

/// Searches one text, within limits of effort.
class Searcher {
 public:
  explicit Searcher(std::string_view text) : text_(text), context_(pcre2_match_context_create(nullptr)) {
    pcre2_set_match_limit(context_.get(), match_limit);
    pcre2_set_heap_limit(context_.get(), heap_limit_kib);
  }

  struct Found {
    std::size_t begin = 0;
    MatchData data;
  };
  /// The first match that begins in [from, before). `partial`: a match that more bytes could complete instead.
  Result<std::optional<Found>> find(const OnePattern& pattern, std::size_t from, std::size_t before, bool partial) {
    using Clock = std::chrono::steady_clock;
    Found out{0, MatchData(pcre2_match_data_create_from_pattern(pattern.code.get(), nullptr))};
    const auto begun = Clock::now();
    // In slices of starting points, so that slow patterns are noticed: small at first, larger while they are quick.
    for (auto slice = first_slice; from < before; slice = Clock::now() - begun < slow_slice ? slice * 4 : first_slice) {
      const auto last = std::min(before - 1, from + slice - 1);
      const int rc = match(pattern, from, last, partial, out.data.get());
      if (rc > 0 || rc == PCRE2_ERROR_PARTIAL) {
        out.begin = pcre2_get_ovector_pointer(out.data.get())[0];
        return std::optional(std::move(out));
      }
      if (rc != PCRE2_ERROR_NOMATCH) return bad_pattern(pattern.text, "gave up: " + message_of(rc));
      if (Clock::now() - begun > time_limit)
        return bad_pattern(pattern.text, "gave up: it takes too long on what the board said");
      from = last + 1;
    }
    return std::optional<Found>();
  }

 private:
  int match(const OnePattern& pattern, std::size_t from, std::size_t last, bool partial, pcre2_match_data* data) {
    pcre2_set_offset_limit(context_.get(), last);
    const auto* subject = reinterpret_cast<PCRE2_SPTR>(text_.empty() ? "" : text_.data());
    const std::uint32_t options = partial ? PCRE2_PARTIAL_HARD : 0;
    const int rc = pcre2_match(pattern.code.get(), subject, text_.size(), from, options, data, context_.get());
    if (rc != PCRE2_ERROR_JIT_STACKLIMIT) return rc;
    return pcre2_match(pattern.code.get(), subject, text_.size(), from, options | PCRE2_NO_JIT, data, context_.get());
  }

  std::string_view text_;
  MatchContext context_;
};

std::map<std::string, std::string> groups_of(const OnePattern& pattern, const MatchData& data, std::string_view text) {
  std::map<std::string, std::string> out;
  const auto* where = pcre2_get_ovector_pointer(data.get());
  for (const auto& [name, number] : pattern.groups) {
    const auto begin = where[2 * number];
    if (begin != PCRE2_UNSET) out[name] = text.substr(begin, where[2 * number + 1] - begin);
  }
  return out;
}

}  // namespace

struct PatternSet::Compiled {
  std::vector<OnePattern> patterns;

  [[nodiscard]] Result<std::optional<Hit>> first_hit(std::string_view text, const Progress& from) const {
    Searcher searcher(text);
    std::optional<Hit> best;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      const auto before = best ? best->begin : text.size() + 1;  // at an equal begin, list order wins
      HILLTOP_TRY(auto found, searcher.find(patterns[i], from[i], before, false));
      if (!found) continue;
      const auto end = pcre2_get_ovector_pointer(found->data.get())[1];
      best = Hit{i, found->begin, std::max(found->begin, end), groups_of(patterns[i], found->data, text)};
    }
    return best;
  }
};

PatternSet::PatternSet() : compiled_(std::make_shared<Compiled>()) {}

Result<PatternSet> PatternSet::compile(std::vector<std::string> patterns) {
  auto compiled = std::make_shared<Compiled>();
  for (auto& text : patterns) {
    HILLTOP_TRY(auto one, compile_one(std::move(text)));
    compiled->patterns.push_back(std::move(one));
  }
  PatternSet out;
  out.compiled_ = std::move(compiled);
  return out;
}

std::size_t PatternSet::size() const { return compiled_->patterns.size(); }
const std::string& PatternSet::pattern(std::size_t index) const { return compiled_->patterns.at(index).text; }

Result<std::optional<PatternSet::Hit>> PatternSet::search(std::string_view text) const {
  return compiled_->first_hit(text, Progress(size(), 0));
}

Result<std::optional<PatternSet::Hit>> PatternSet::search(std::string_view text, Progress& progress) const {
  progress.resize(size(), 0);
  HILLTOP_TRY(auto hit, compiled_->first_hit(text, progress));
  if (hit) return hit;
  Searcher searcher(text);
  for (std::size_t i = 0; i < size(); ++i) {
    HILLTOP_TRY(const auto open, searcher.find(compiled_->patterns[i], progress[i], text.size() + 1, true));
    progress[i] = open ? open->begin : text.size();
  }
  return hit;
}

}  // namespace hilltop::boards
