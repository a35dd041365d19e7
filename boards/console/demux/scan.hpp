// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "boards/console/demux/decoder.hpp"

namespace hilltop::boards::demux {

/// A stretch of a stream's bytes with where they come from.
struct Segment {
  std::size_t size = 0;  ///< bytes of content
  ChannelId channel = text_channel;
  std::uint64_t begin = 0, end = 0, at = 0;  ///< as Piece has them
};

/// One pass over the bytes at hand: a cursor that hands out what it goes over. Neighbours of one channel leave as one
/// piece.
class Scan {
 public:
  /// `last`: no more bytes will come behind these, so everything must be gone over.
  Scan(std::string_view bytes, const Segment* segments, bool last, PieceSink& out)
      : bytes_(bytes), segment_(segments), last_(last), out_(out) {}

  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  [[nodiscard]] std::size_t position() const { return position_; }
  [[nodiscard]] bool last() const { return last_; }
  /// Raw offset of the byte at `index`, at the cursor or behind it, within the segment of the cursor or beyond.
  [[nodiscard]] std::uint64_t raw_at(std::size_t index) const;

  /// Up to `to`: text of `channel`.
  void text(ChannelId channel, std::size_t to);
  /// Up to `to`: as it came, in the channel in which it came.
  void pass(std::size_t to) { take(keep_channel, to); }
  /// Up to `to`: one piece of `kind` with content of its own. `at`: as Piece has it.
  void whole(ChannelId channel, Piece::Kind kind, std::size_t to, std::string_view content, std::uint64_t at);
  /// Hands out what waits for a neighbour.
  void flush();

 private:
  static constexpr std::uint32_t keep_channel = 0x10000;
  static constexpr std::uint32_t no_channel = 0x10001;

  void take(std::uint32_t channel, std::size_t to);
  Piece slice(std::size_t size);
  void next_segment();

  std::string_view bytes_;
  const Segment* segment_;
  bool last_;
  PieceSink& out_;
  std::size_t position_ = 0;
  std::size_t in_segment_ = 0;  ///< content of segment_ that is gone over and handed out
  std::size_t run_ = 0;         ///< bytes before position_ that wait for a neighbour, all of segment_
  std::uint32_t run_channel_ = no_channel;
};

/// A decoder that looks at its stream as one text: scan() goes over what it can decide, and sees the rest again with
/// more bytes behind it. Offsets, chunk borders and holding back are done here.
class ScanDecoder : public Decoder {
 public:
  void feed(const Piece& in, PieceSink& out) final;
  void idle(PieceSink& out) final;
  void end(PieceSink& out) final;
  /// Bytes kept back.
  [[nodiscard]] std::size_t held() const { return held_.size(); }

 protected:
  /// Goes over `scan`'s bytes as far as what they are does not depend on more bytes; over all when scan.last(). What it
  /// leaves must be bounded.
  virtual void scan(Scan& scan) = 0;
  /// A new stream begins.
  virtual void restart() = 0;

 private:
  std::size_t run(std::string_view bytes, const Segment* segments, bool last, PieceSink& out);
  void keep(std::string_view bytes, Segment from);
  void drop(std::size_t count);
  std::size_t feed_held(std::string_view bytes, Segment& from, PieceSink& out);

  std::string held_;
  std::vector<Segment> segments_;  ///< of held_
};

/// `segment` without its first `count` bytes.
[[nodiscard]] Segment behind(Segment segment, std::size_t count);

}  // namespace hilltop::boards::demux
