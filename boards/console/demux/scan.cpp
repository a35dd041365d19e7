// SPDX-License-Identifier: Apache-2.0
#include "boards/console/demux/scan.hpp"

#include <algorithm>

namespace hilltop::boards::demux {
namespace {

/// Raw offset of the border before byte `index` of a segment: its content may stand within a frame's header and
/// trailer, which belong to the first and the last byte.
std::uint64_t border(const Segment& segment, std::size_t index) {
  if (index == 0) return segment.begin;
  if (index >= segment.size) return segment.end;
  return std::clamp(segment.at + index, segment.begin, segment.end);
}

bool is_raw(const Segment& segment) {
  return segment.size == segment.end - segment.begin && segment.at == segment.begin;
}

}  // namespace

Segment behind(Segment segment, std::size_t count) {
  segment.begin = border(segment, count);
  segment.at = std::max(segment.begin, segment.at + count);
  segment.size -= count;
  return segment;
}

std::uint64_t Scan::raw_at(std::size_t index) const {
  const Segment* segment = segment_;
  std::size_t before = position_ - run_ - in_segment_;
  while (index >= before + segment->size) {
    if (before + segment->size >= bytes_.size()) return segment->end;
    before += segment->size;
    ++segment;
  }
  return index == before ? segment->at : border(*segment, index - before);
}

/// The next `size` bytes of the current segment, all that wait included, as a piece without channel.
Piece Scan::slice(std::size_t size) {
  Piece out;
  const auto first = in_segment_;
  in_segment_ += size;
  out.begin = border(*segment_, first);
  out.end = border(*segment_, in_segment_);
  out.at = std::max(out.begin, segment_->at + first);
  return out;
}

void Scan::next_segment() {
  if (in_segment_ < segment_->size || position_ >= bytes_.size()) return;
  ++segment_;
  in_segment_ = 0;
}

void Scan::flush() {
  if (run_ == 0) return;
  auto piece = slice(run_);
  piece.channel = static_cast<ChannelId>(run_channel_);
  piece.bytes = bytes_.substr(position_ - run_, run_);
  run_ = 0;
  out_.on_piece(piece);
  next_segment();
}

void Scan::take(std::uint32_t channel, std::size_t to) {
  while (position_ < to) {
    const auto wanted = channel == keep_channel ? segment_->channel : channel;
    if (wanted != run_channel_) flush();
    run_channel_ = channel == keep_channel ? segment_->channel : channel;
    const auto count = std::min(to - position_, segment_->size - in_segment_ - run_);
    run_ += count;
    position_ += count;
    if (in_segment_ + run_ == segment_->size) flush();
  }
}

void Scan::text(ChannelId channel, std::size_t to) { take(channel, to); }

void Scan::whole(ChannelId channel, Piece::Kind kind, std::size_t to, std::string_view content, std::uint64_t at) {
  flush();
  run_channel_ = no_channel;
  while (position_ < to) {
    const auto count = std::min(to - position_, segment_->size - in_segment_);
    position_ += count;
    auto piece = slice(count);
    piece.channel = channel;
    piece.kind = position_ == to ? kind : Piece::Kind::part;  // what other channels stood between
    piece.at = at;
    if (position_ == to) piece.bytes = content;
    out_.on_piece(piece);
    next_segment();
  }
}

std::size_t ScanDecoder::run(std::string_view bytes, const Segment* segments, bool last, PieceSink& out) {
  Scan pass(bytes, segments, last, out);
  scan(pass);
  pass.flush();
  return pass.position();
}

void ScanDecoder::keep(std::string_view bytes, Segment from) {
  if (bytes.empty()) return;
  from.size = bytes.size();
  held_.append(bytes);
  if (!segments_.empty()) {
    auto& before = segments_.back();  // one segment where chunks of the raw stream follow each other
    if (is_raw(before) && is_raw(from) && before.end == from.begin && before.channel == from.channel) {
      before.end = from.end;
      before.size += from.size;
      return;
    }
  }
  segments_.push_back(from);
}

void ScanDecoder::drop(std::size_t count) {
  held_.erase(0, count);
  auto whole = segments_.begin();
  while (whole != segments_.end() && whole->size <= count) count -= (whole++)->size;
  segments_.erase(segments_.begin(), whole);
  if (count > 0) segments_.front() = behind(segments_.front(), count);
}

/// Puts bytes of `from` behind the held ones until these are decided. Value: how many it took; `from` is what is left.
std::size_t ScanDecoder::feed_held(std::string_view bytes, Segment& from, PieceSink& out) {
  constexpr std::size_t least_step = 64;
  std::size_t taken = 0;
  while (!held_.empty() && taken < bytes.size()) {
    const auto held = held_.size();
    const auto count = std::min(bytes.size() - taken, std::max(least_step, held));
    auto step = from;
    step.size = count;
    step.end = border(from, count);
    keep(bytes.substr(taken, count), step);
    const auto done = run(held_, segments_.data(), false, out);
    if (done >= held) {  // the rest need not be copied
      drop(held_.size());
      from = behind(from, done - held);
      return taken + done - held;
    }
    drop(done);
    from = behind(from, count);
    taken += count;
  }
  return taken;
}

void ScanDecoder::feed(const Piece& in, PieceSink& out) {
  if (in.bytes.empty()) return out.on_piece(in);
  Segment from{in.bytes.size(), in.channel, in.begin, in.end, in.at};
  const auto taken = feed_held(in.bytes, from, out);
  const auto rest = in.bytes.substr(taken);
  if (rest.empty()) return;
  const auto done = run(rest, &from, false, out);
  if (done < rest.size()) keep(rest.substr(done), behind(from, done));
}

void ScanDecoder::idle(PieceSink& out) {
  if (held_.empty()) return;
  (void)run(held_, segments_.data(), true, out);
  drop(held_.size());
}

void ScanDecoder::end(PieceSink& out) {
  idle(out);
  restart();
}

}  // namespace hilltop::boards::demux
