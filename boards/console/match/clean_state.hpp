// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "boards/console/match/clean.hpp"

namespace hilltop::boards {

/// What a cleaner is in the middle of.
enum class CleanMode : std::uint8_t { text, utf8, escape, escape_more, csi, string, string_escape };

struct Cleaner::State {
  CleanBlock rest;             // the line that has not ended: text and cuts, no lines (between two calls)
  std::uint64_t position = 0;  // raw offset of the next byte
  std::uint64_t line_raw = 0;  // raw offset of the first byte of the line that has not ended
  std::uint64_t mapped = 0;    // the raw offset that the next byte of text would have without a further cut
  std::uint64_t nuls = 0;      // dropped, since the beginning
  std::uint64_t utf8_raw = 0;  // of the first byte of the sequence in `utf8`
  std::uint32_t count = 0;     // bytes of the escape sequence
  CleanMode mode = CleanMode::text;
  bool after_cr = false;  // the line end before this line was \r: further \r and one \n belong to it
  std::uint8_t utf8_have = 0, utf8_need = 0;
  std::uint8_t utf8_low = 0, utf8_high = 0;  // what the next byte of the sequence may be
  char utf8[4] = {};

  void restart(std::uint64_t offset);
  [[nodiscard]] std::size_t rest_size() const;
};

/// Appends text to a block: the line that has not ended stands behind the block's last line.
struct CleanBlock::Writer {
  /// Puts the unfinished line of `state` behind the lines of `block`, which may be the state's own `rest`.
  Writer(CleanBlock& block, Cleaner::State& state) : Writer(block, state, state.rest) {}
  /// The same with the unfinished line of another state.
  Writer(CleanBlock& block, Cleaner::State& state, const CleanBlock& rest);
  /// Takes it back into the state.
  void close();

  /// Room for what so many bytes can become, at most reserved_bytes.
  void reserve(std::size_t raw_bytes);
  static constexpr std::size_t reserved_bytes = 1024;
  void put(std::string_view unit, std::uint64_t raw);
  void replacement(std::uint64_t raw, std::uint64_t end);  ///< U+FFFD for these bytes
  void end_line(std::uint64_t next_raw);
  void begin_line(std::uint64_t raw);  ///< the line, which is empty as yet, begins there
  void cut(std::uint64_t raw);
  [[nodiscard]] std::size_t line_size() const { return b.text_size_ - line_begin; }
  static std::size_t unfinished_size(const CleanBlock& rest) { return rest.text_size_; }
  static std::size_t capacity(const CleanBlock& block) { return block.text_capacity_; }

  CleanBlock& b;
  Cleaner::State& s;
  std::size_t line_begin = 0;      // in the block's text
  std::size_t line_first_cut = 0;  // in the block's cuts

  /// The arrays of the block, for the vector loop; reserve() first, and set what changed.
  struct Arrays {
    char* text;
    CleanLine* lines;
    CleanCut* cuts;
    std::size_t& text_size;
    std::size_t& line_count;
    std::size_t& cut_count;
  };
  Arrays arrays() {
    return {b.text_.get() + padding, b.lines_.get(), b.cuts_.get(), b.text_size_, b.line_count_, b.cut_count_};
  }
};

/// One byte, whose raw offset is state.position; moves on to the next.
void clean_byte(CleanBlock::Writer& to, unsigned char byte);

/// As much of `bytes` as has nothing out of the ordinary (whole CSI sequences, line ends, NULs, well-formed UTF-8), at
/// least 0; only in mode `text`. There is room for it. Moves the state's position on.
std::size_t clean_ordinary(CleanBlock::Writer& to, std::string_view bytes);

inline std::size_t Cleaner::State::rest_size() const { return CleanBlock::Writer::unfinished_size(rest); }

}  // namespace hilltop::boards
