// SPDX-License-Identifier: Apache-2.0
#include "boards/console/analysis.hpp"

#include <utility>

namespace hilltop::boards {

using demux::Piece;

struct Analysis::Channel {
  explicit Channel(std::uint64_t offset) : cleaner(offset) {}
  Cleaner cleaner;
  Scanner scanner;
};

/// Takes the pieces of one call.
class Analysis::Pass final : public demux::PieceSink {
 public:
  Pass(Analysis& analysis, AnalysisSink& sink, AnalysisWorkspace& workspace)
      : analysis_(analysis), sink_(sink), workspace_(workspace), wants_lines_(sink.wants_lines()) {}

  void on_piece(const Piece& piece) override {
    switch (piece.kind) {
      case Piece::Kind::text:
        return on_text(piece);
      case Piece::Kind::frame:
        return sink_.on_frame(piece);
      case Piece::Kind::part:
        return;
      case Piece::Kind::gap:
        end_lines(piece.end);
        return sink_.on_gap(piece.begin, piece.end);
    }
  }

  /// Lines that have not ended end here; what comes next begins at `next`.
  void end_lines(std::uint64_t next) {
    for (demux::ChannelId id = 0; id < analysis_.channels_.size(); ++id) {
      auto* channel = analysis_.channels_[id].get();
      if (channel == nullptr) continue;
      channel->cleaner.end(workspace_.block, next);
      tell(id, *channel);
      channel->scanner.restart();
    }
  }

 private:
  void on_text(const Piece& piece) {
    auto& channel = channel_of(piece);
    if (channel.cleaner.position() != piece.at) channel.cleaner.jump(piece.at);
    channel.cleaner.feed(piece.bytes, workspace_.block);
    tell(piece.channel, channel);
  }

  Channel& channel_of(const Piece& piece) {
    if (piece.channel >= analysis_.channels_.size()) analysis_.channels_.resize(piece.channel + 1UL);
    auto& channel = analysis_.channels_[piece.channel];
    if (!channel) channel = std::make_unique<Channel>(piece.at);
    return *channel;
  }

  /// Searches the lines of the block, tells of them, and clears it.
  void tell(demux::ChannelId id, Channel& channel) {
    auto& block = workspace_.block;
    if (block.empty()) return;
    workspace_.found.clear();
    if (analysis_.matcher_) channel.scanner.scan(*analysis_.matcher_, block, workspace_.match, workspace_.found);
    std::size_t line = 0;
    for (const auto& match : workspace_.found) {
      if (wants_lines_)
        for (; line <= match.line; ++line) sink_.on_line({id, block.line(line), block.lines()[line].raw});
      tell_match(id, match);
    }
    if (wants_lines_)
      for (; line < block.lines().size(); ++line) sink_.on_line({id, block.line(line), block.lines()[line].raw});
    block.clear();
  }

  void tell_match(demux::ChannelId id, const LineMatch& match) {
    const auto& block = workspace_.block;
    AnalysisMatch out;
    out.channel = id;
    out.pattern = match.pattern;
    out.text = block.text().substr(match.begin, match.end - match.begin);
    out.line = block.line(match.line);
    out.begin = match.raw_begin;
    out.end = match.raw_end;
    out.gave_up = match.gave_up;
    sink_.on_match(out);
  }

  Analysis& analysis_;
  AnalysisSink& sink_;
  AnalysisWorkspace& workspace_;
  bool wants_lines_;
};

Analysis::Analysis(demux::Demux demux, std::shared_ptr<const Matcher> matcher)
    : demux_(std::move(demux)), matcher_(std::move(matcher)) {}
Analysis::Analysis(Analysis&&) noexcept = default;
Analysis& Analysis::operator=(Analysis&&) noexcept = default;
Analysis::~Analysis() = default;

void Analysis::set_matcher(std::shared_ptr<const Matcher> matcher) { matcher_ = std::move(matcher); }

void Analysis::feed(std::string_view bytes, std::uint64_t offset, AnalysisSink& sink, AnalysisWorkspace& workspace) {
  Pass pass(*this, sink, workspace);
  demux_.feed(bytes, offset, pass);
}

void Analysis::idle(AnalysisSink& sink, AnalysisWorkspace& workspace) {
  Pass pass(*this, sink, workspace);
  demux_.idle(pass);
}

void Analysis::end(AnalysisSink& sink, AnalysisWorkspace& workspace) {
  Pass pass(*this, sink, workspace);
  demux_.end(pass);
  pass.end_lines(0);
}

std::uint64_t Analysis::nuls_dropped() const {
  std::uint64_t out = 0;
  for (const auto& channel : channels_) out += channel ? channel->cleaner.nuls() : 0;
  return out;
}

std::string Analysis::open_line(demux::ChannelId id) const {
  if (id >= channels_.size() || !channels_[id]) return {};
  CleanBlock block;
  channels_[id]->cleaner.peek(block);
  return block.empty() ? std::string() : std::string(block.line(0));
}

}  // namespace hilltop::boards
