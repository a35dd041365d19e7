// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hilltop::boards::demux {

/// A channel of one console by number: an index into its ChannelTable. 0 is `text`: what no decoder took.
using ChannelId = std::uint16_t;
inline constexpr ChannelId text_channel = 0;

/// The names of a console's channels (DESIGN.md 6) and their numbers. Grows while decoders meet new ones (mux5, rtt2);
/// names never change their number. Thread: that of its Demux.
class ChannelTable {
 public:
  ChannelTable();
  /// The number of `name`, a new one where it has none.
  ChannelId id(std::string_view name);
  [[nodiscard]] const std::string& name(ChannelId id) const { return names_.at(id); }
  [[nodiscard]] std::size_t size() const { return names_.size(); }

 private:
  std::vector<std::string> names_;
  std::map<std::string, ChannelId, std::less<>> ids_;
};

/// A stretch of a console's raw bytes that belongs to one channel.
/// The pieces of a console are a partition of it: each raw byte is in the range [begin, end) of exactly one piece. The
/// text of a channel comes in the order of the console, unless two decoders of a stack write into the channel; frames,
/// and pieces of other channels, may come sooner or later than their place says (a decoder had to see more before it
/// knew).
struct Piece {
  enum class Kind : std::uint8_t {
    text,   ///< `bytes` go on with the channel's stream
    frame,  ///< `bytes` are one whole frame, decoded
    part,   ///< raw bytes of a frame that is still to come in this channel (earlier lines of an SMP packet); `bytes`:
            ///< what they decode to, which the frame has again
    gap,    ///< raw bytes that are not there: streams on both sides of it do not join; no `bytes`
  };
  ChannelId channel = text_channel;
  Kind kind = Kind::text;
  std::uint64_t begin = 0;  ///< raw range, with the frame's flags, headers and checksums
  std::uint64_t end = 0;
  /// Text: raw offset of the first of `bytes`; byte i stands at `at + i` (roughly so where the frame around it was
  /// escaped or encoded). Frame: where it begins, with its parts.
  std::uint64_t at = 0;
  std::string_view bytes;  ///< into what was fed where possible (no copy). Lifetime: until on_piece() returns

  /// Whether `bytes` are the raw bytes themselves.
  [[nodiscard]] bool is_raw() const { return bytes.size() == end - begin; }
};

[[nodiscard]] std::string_view to_string(Piece::Kind kind);

/// Takes pieces. Thread: of the caller of Demux::feed().
class PieceSink {
 public:
  virtual ~PieceSink() = default;
  virtual void on_piece(const Piece& piece) = 0;
};

}  // namespace hilltop::boards::demux
