// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "boards/console/demux/demux.hpp"
#include "boards/console/match/matcher.hpp"
#include "boards/console/match/rules.hpp"
#include "boards/console/transcript.hpp"

namespace hilltop::boards {

/// What a search found.
struct SearchHit {
  std::uint64_t offset = 0;  ///< of the match, in the console's bytes
  UtcTime time;              ///< when its first byte was read
  std::string channel;       ///< "text", "kernel", ...
  std::string rule;          ///< the rule's id; "" for the pattern
  std::string line;          ///< cleaned
};

/// What is searched for, compiled: shared by all consoles. Thread: immutable, any.
struct SearchFor {
  std::shared_ptr<const Matcher> matcher;
  std::vector<std::string> rules;  ///< ids of the matcher's patterns; "" for one that is none
  std::string channel;             ///< "": any

  /// `pattern` may be "" when there are rules. Errors: bad_input (job).
  static Result<SearchFor> compile(const std::string& pattern, const std::vector<Rule>& rules, std::string channel);
};

/// Searches one console's transcript, from its compressed segments to what was written a moment ago, a step at a time.
/// Each line that matches is one hit (for each rule). Memory: a step, whatever the transcript's size.
/// Thread: one at a time, one that may block.
class TranscriptSearch {
 public:
  /// `decoders`: as the board's type takes its console apart; without them everything is `text`.
  /// Errors: those of Demux::make.
  static Result<TranscriptSearch> open(std::shared_ptr<const Transcript> transcript, ConsoleKey key, std::uint64_t from,
                                       std::uint64_t to, std::shared_ptr<const SearchFor> what,
                                       const std::vector<demux::DecoderSpec>& decoders);
  TranscriptSearch(TranscriptSearch&&) noexcept;
  TranscriptSearch& operator=(TranscriptSearch&&) noexcept;
  ~TranscriptSearch();

  /// Searches the next stretch (a few MiB). Errors: io (infrastructure).
  Result<std::vector<SearchHit>> step();
  [[nodiscard]] bool done() const;
  [[nodiscard]] std::uint64_t position() const;

 private:
  struct State;
  explicit TranscriptSearch(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace hilltop::boards
