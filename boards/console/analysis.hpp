// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "boards/console/demux/demux.hpp"
#include "boards/console/match/clean.hpp"
#include "boards/console/match/matcher.hpp"

namespace hilltop::boards {

/// A line of a channel, cleaned.
struct AnalysisLine {
  demux::ChannelId channel = demux::text_channel;
  std::string_view text;     ///< without its line end; UTF-8
  std::uint64_t offset = 0;  ///< raw offset of its first byte
};

/// A pattern found in a channel.
struct AnalysisMatch {
  demux::ChannelId channel = demux::text_channel;
  std::uint32_t pattern = 0;  ///< index into the matcher's patterns
  std::string_view text;      ///< what matched, as far as it lies in the line in which it ended
  std::string_view line;      ///< that line
  std::uint64_t begin = 0;    ///< raw offsets
  std::uint64_t end = 0;
  bool gave_up = false;  ///< no match: the pattern costs too much on this line
};

/// Is told what an analysis finds, in an order that does not depend on how the bytes were cut: a line, then what was
/// found in it; lines and frames as they are completed. Lifetime: the views hold until the call returns.
class AnalysisSink {
 public:
  virtual ~AnalysisSink() = default;
  virtual void on_line(const AnalysisLine& line) { (void)line; }
  virtual void on_match(const AnalysisMatch& match) { (void)match; }
  /// `frame.at`: where it begins in the raw bytes.
  virtual void on_frame(const demux::Piece& frame) { (void)frame; }
  /// Raw bytes [begin, end) are missing.
  virtual void on_gap(std::uint64_t begin, std::uint64_t end) { (void)begin, (void)end; }
  /// Whether on_line() is wanted: without it only lines with matches cost anything here.
  [[nodiscard]] virtual bool wants_lines() const { return true; }
};

/// Memory that analyses share: one a thread.
struct AnalysisWorkspace {
  MatchWorkspace match;
  CleanBlock block;
  std::vector<LineMatch> found;
};

/// One console's raw bytes: taken apart into channels, each cleaned and cut into lines, the lines searched.
/// Memory: for each channel the line that has not ended, and what decoders keep back. Thread: one at a time.
class Analysis {
 public:
  /// `matcher`: may be null.
  explicit Analysis(demux::Demux demux, std::shared_ptr<const Matcher> matcher = nullptr);
  Analysis(Analysis&&) noexcept;
  Analysis& operator=(Analysis&&) noexcept;
  ~Analysis();

  /// Another set of patterns from the next line on.
  void set_matcher(std::shared_ptr<const Matcher> matcher);
  /// `offset`: raw offset of the first of `bytes`; a jump forwards is a gap (see Demux::feed).
  void feed(std::string_view bytes, std::uint64_t offset, AnalysisSink& sink, AnalysisWorkspace& workspace);
  /// Nothing came for a while: decoders hand out what they kept back. Lines that have not ended stay open.
  void idle(AnalysisSink& sink, AnalysisWorkspace& workspace);
  /// The console ends: lines that have not ended are lines too.
  void end(AnalysisSink& sink, AnalysisWorkspace& workspace);

  [[nodiscard]] const std::string& channel_name(demux::ChannelId id) const { return demux_.channel_name(id); }
  [[nodiscard]] std::size_t channel_count() const { return demux_.channel_count(); }
  /// How many NULs were dropped from the lines of all channels.
  [[nodiscard]] std::uint64_t nuls_dropped() const;
  /// The text of a channel's line that has not ended: a prompt. "" where there is none.
  [[nodiscard]] std::string open_line(demux::ChannelId id) const;

 private:
  struct Channel;
  class Pass;

  demux::Demux demux_;
  std::shared_ptr<const Matcher> matcher_;
  std::vector<std::unique_ptr<Channel>> channels_;  ///< by ChannelId; null where nothing was seen
};

}  // namespace hilltop::boards
