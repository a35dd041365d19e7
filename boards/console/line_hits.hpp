// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "boards/console/analysis.hpp"

namespace hilltop::boards {

/// A pattern found in a line of one channel.
struct LineHit {
  std::uint32_t pattern = 0;
  std::uint64_t offset = 0;  ///< raw offset of the match's first byte
  std::string_view channel;
  std::string_view line;  ///< cleaned; until the callback returns
};

/// Hands on each line once for each pattern found in it, of one channel or of all ("").
class LineHits final : public AnalysisSink {
 public:
  using OnHit = std::function<void(const LineHit&)>;
  LineHits(const Analysis& analysis, std::string channel, OnHit on_hit)
      : analysis_(analysis), channel_(std::move(channel)), on_hit_(std::move(on_hit)) {}

  void on_match(const AnalysisMatch& match) override {
    if (match.gave_up) return;
    const auto& name = analysis_.channel_name(match.channel);
    if (!channel_.empty() && name != channel_) return;
    // What is found in a line is told in one go, by pattern.
    const bool again = line_ == match.line.data() && pattern_ == match.pattern && match.begin >= last_;
    line_ = match.line.data();
    pattern_ = match.pattern;
    last_ = match.begin;
    if (!again) on_hit_({match.pattern, match.begin, name, match.line});
  }
  [[nodiscard]] bool wants_lines() const override { return false; }
  /// Before each feed(): a line of the next one may stand where one of the last did.
  void restart() { line_ = nullptr; }

 private:
  const Analysis& analysis_;
  std::string channel_;
  OnHit on_hit_;
  const char* line_ = nullptr;
  std::uint32_t pattern_ = 0;
  std::uint64_t last_ = 0;
};

}  // namespace hilltop::boards
