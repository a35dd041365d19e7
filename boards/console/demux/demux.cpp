// SPDX-License-Identifier: Apache-2.0
#include "boards/console/demux/demux.hpp"

#include <algorithm>
#include <ranges>

#include "boards/console/demux/make_decoder.hpp"

namespace hilltop::boards::demux {
namespace {

/// One decoder of a stack: what it reads goes through it, all else past it.
class Stage final : public PieceSink {
 public:
  Stage(std::unique_ptr<Decoder> decoder, std::vector<ChannelId> reads)
      : decoder_(std::move(decoder)), reads_(std::move(reads)) {}

  void on_piece(const Piece& piece) override {
    if (piece.kind == Piece::Kind::text && std::ranges::find(reads_, piece.channel) != reads_.end())
      return decoder_->feed(piece, *next_);
    if (piece.kind == Piece::Kind::gap) decoder_->end(*next_);
    next_->on_piece(piece);
  }
  void idle() { decoder_->idle(*next_); }
  void end() { decoder_->end(*next_); }
  void set_next(PieceSink& next) { next_ = &next; }

 private:
  std::unique_ptr<Decoder> decoder_;
  std::vector<ChannelId> reads_;
  PieceSink* next_ = nullptr;
};

}  // namespace

struct Demux::State {
  ChannelTable channels;
  std::vector<std::unique_ptr<Stage>> stages;
  std::optional<std::uint64_t> next;  ///< raw offset behind what was fed

  /// Joins the stages for one call. Value: where the console's pieces go in.
  PieceSink& joined(PieceSink& out) {
    PieceSink* next_stage = &out;
    for (auto& stage : std::views::reverse(stages)) {
      stage->set_next(*next_stage);
      next_stage = stage.get();
    }
    return *next_stage;
  }
};

Demux::Demux() : state_(std::make_unique<State>()) {}
Demux::Demux(Demux&&) noexcept = default;
Demux& Demux::operator=(Demux&&) noexcept = default;
Demux::~Demux() = default;

Result<Demux> Demux::make(const std::vector<DecoderSpec>& specs, const DatabaseSource& databases) {
  Demux out;
  for (const auto& spec : specs) {
    HILLTOP_TRY(auto decoder, make_decoder(spec, out.state_->channels, databases));
    std::vector<ChannelId> reads;
    for (const auto& name : channels_read_by(spec)) reads.push_back(out.state_->channels.id(name));
    out.state_->stages.push_back(std::make_unique<Stage>(std::move(decoder), std::move(reads)));
  }
  return out;
}

void Demux::feed(std::string_view bytes, std::uint64_t offset, PieceSink& out) {
  auto& first = state_->joined(out);
  if (state_->next && offset > *state_->next) {
    Piece gap;
    gap.kind = Piece::Kind::gap;
    gap.begin = gap.at = *state_->next;
    gap.end = offset;
    first.on_piece(gap);
  } else if (state_->next && offset < *state_->next) {
    const auto known = std::min<std::uint64_t>(bytes.size(), *state_->next - offset);
    bytes.remove_prefix(known);
    offset += known;
  }
  if (bytes.empty()) return;
  state_->next = offset + bytes.size();
  Piece piece;
  piece.begin = piece.at = offset;
  piece.end = *state_->next;
  piece.bytes = bytes;
  first.on_piece(piece);
}

void Demux::idle(PieceSink& out) {
  (void)state_->joined(out);
  for (auto& stage : state_->stages) stage->idle();  // what one lets go, the next ones see before they do the same
}

void Demux::end(PieceSink& out) {
  (void)state_->joined(out);
  for (auto& stage : state_->stages) stage->end();
  state_->next.reset();
}

const std::string& Demux::channel_name(ChannelId id) const { return state_->channels.name(id); }
std::size_t Demux::channel_count() const { return state_->channels.size(); }

}  // namespace hilltop::boards::demux
