// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "boards/console/demux/demux.hpp"

namespace hilltop::boards::demux {

struct Recorded {
  Piece::Kind kind = Piece::Kind::text;
  std::uint64_t begin = 0, end = 0, at = 0;
  std::string bytes;
  bool operator==(const Recorded&) const = default;
};

/// What came out, by channel; text pieces that follow each other are one.
using Channels = std::map<std::string, std::vector<Recorded>>;

class Recorder final : public PieceSink {
 public:
  explicit Recorder(const Demux& demux) : demux_(demux) {}

  void on_piece(const Piece& piece) override {
    all_.push_back({piece.begin, piece.end});
    auto& channel = channels_[demux_.channel_name(piece.channel)];
    const bool raw = piece.kind == Piece::Kind::text && piece.is_raw() && piece.at == piece.begin;
    if (raw && !channel.empty()) {
      auto& before = channel.back();
      const bool before_raw = before.kind == Piece::Kind::text && before.bytes.size() == before.end - before.begin;
      if (before_raw && before.at == before.begin && before.end == piece.begin) {
        before.bytes += piece.bytes;
        before.end = piece.end;
        return;
      }
    }
    channel.push_back({piece.kind, piece.begin, piece.end, piece.at, std::string(piece.bytes)});
  }

  [[nodiscard]] const Channels& channels() const { return channels_; }
  /// "" when the pieces are a partition of [begin, end), else what is wrong.
  [[nodiscard]] std::string partition_of(std::uint64_t begin, std::uint64_t end) const {
    auto ranges = all_;
    std::ranges::sort(ranges);
    for (const auto& [from, to] : ranges) {
      if (from != begin || to < from)
        return "[" + std::to_string(from) + "," + std::to_string(to) + ") behind " + std::to_string(begin);
      begin = to;
    }
    return begin == end ? "" : "ends at " + std::to_string(begin) + " of " + std::to_string(end);
  }
  /// "" when the text of all channels is in the order of the console.
  [[nodiscard]] std::string disorder() const {
    for (const auto& [name, pieces] : channels_) {
      std::uint64_t end = 0;
      for (const auto& piece : pieces) {
        if (piece.kind != Piece::Kind::text) continue;
        if (piece.begin < end) return name + " at " + std::to_string(piece.begin);
        end = piece.end;
      }
    }
    return "";
  }

 private:
  const Demux& demux_;
  Channels channels_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> all_;
};

/// Sizes of chunks: fixed, or random from a seed.
class Chunks {
 public:
  explicit Chunks(std::size_t fixed) : fixed_(fixed) {}
  static Chunks random(unsigned seed) {
    Chunks out(0);
    out.random_.seed(seed);
    return out;
  }
  /// Nothing comes for a while after each.
  static Chunks apart(std::size_t fixed) {
    Chunks out(fixed);
    out.with_idle = true;
    return out;
  }
  bool with_idle = false;
  std::size_t next() {
    return fixed_ > 0 ? fixed_ : static_cast<std::size_t>(std::uniform_int_distribution<int>(1, 97)(random_));
  }

 private:
  std::size_t fixed_;
  std::mt19937 random_;
};

/// Whether two decoders of a stack write into one channel, or read others than the rest do: then text is in no order.
inline bool share_channels(const std::vector<DecoderSpec>& specs) {
  std::map<std::string, int> writers;
  for (const auto& spec : specs) writers[spec.name] += spec.from.empty() ? 0 : 2;
  for (const auto& spec : specs) ++writers[spec.name == "kernel" || spec.name == "zephyr" ? "shell" : spec.name];
  return std::ranges::any_of(writers, [](const auto& one) { return one.second > 1; });
}

/// Whether a decoder reads what another one made: a frame's text that was escaped stands in the console only roughly
/// where its pieces say (piece.hpp).
inline bool read_each_other(const std::vector<DecoderSpec>& specs) {
  return std::ranges::any_of(specs, [](const auto& spec) { return !spec.from.empty(); });
}

/// Feeds `input` from `offset` on, and ends. What is wrong with partition, order or text goes to `complaint`.
inline Channels run(const std::vector<DecoderSpec>& specs, std::string_view input, Chunks chunks,
                    std::string& complaint, std::uint64_t offset = 0,
                    const DatabaseSource& databases = read_database_file) {
  auto demux = Demux::make(specs, databases);
  if (!demux) {
    complaint = demux.error().text;
    return {};
  }
  Recorder recorder(*demux);
  for (std::size_t at = 0; at < input.size();) {
    // A copy of its own: what a decoder keeps must not point into it.
    const std::string chunk(input.substr(at, chunks.next()));
    demux->feed(chunk, offset + at, recorder);
    if (chunks.with_idle) demux->idle(recorder);
    at += chunk.size();
  }
  demux->end(recorder);
  complaint = recorder.partition_of(offset, offset + input.size());
  if (complaint.empty() && !share_channels(specs)) complaint = recorder.disorder();
  if (read_each_other(specs)) return recorder.channels();
  for (const auto& [name, pieces] : recorder.channels())
    for (const auto& piece : pieces)
      if (piece.kind == Piece::Kind::text && piece.bytes.size() == piece.end - piece.begin && piece.at == piece.begin &&
          input.substr(piece.begin - offset, piece.bytes.size()) != piece.bytes)
        complaint = name + " is not what was fed at " + std::to_string(piece.begin);
  return recorder.channels();
}

/// The stream of a channel: its text, joined.
inline std::string stream(const Channels& channels, const std::string& name) {
  std::string out;
  if (const auto at = channels.find(name); at != channels.end())
    for (const auto& piece : at->second)
      if (piece.kind == Piece::Kind::text) out += piece.bytes;
  return out;
}

inline std::vector<std::string> frames(const Channels& channels, const std::string& name) {
  std::vector<std::string> out;
  if (const auto at = channels.find(name); at != channels.end())
    for (const auto& piece : at->second)
      if (piece.kind == Piece::Kind::frame) out.push_back(piece.bytes);
  return out;
}

}  // namespace hilltop::boards::demux
