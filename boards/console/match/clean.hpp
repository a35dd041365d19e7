// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace hilltop::boards {

/// The longest line; longer ones are cut into pieces of this size. Also the scope of a pattern.
inline constexpr std::size_t max_line_bytes = 64 * 1024;

/// A cleaned line in a CleanBlock.
struct CleanLine {
  std::uint32_t end = 0;        ///< offset in the block's text of the \n behind it
  std::uint32_t first_cut = 0;  ///< the first of the block's cuts that lies in it
  std::uint64_t raw = 0;        ///< raw offset of its first byte (of an escape sequence, when it begins with one)
};

/// From the text offset `at` on, up to the next cut or the line's end, text stands for raw bytes from `raw` on.
struct CleanCut {
  std::uint32_t at = 0;
  std::uint64_t raw = 0;
};

/// Cleaned lines of one channel in one buffer, each followed by \n: what a Scanner reads. Reused: clear() keeps the
/// memory. Thread: one at a time.
class CleanBlock {
 public:
  /// Bytes that may be read before text().begin() (the last of them is \n) and behind text().end().
  static constexpr std::size_t padding = 128;

  CleanBlock();
  void clear();
  [[nodiscard]] bool empty() const { return line_count_ == 0; }
  /// All lines, each with its \n.
  [[nodiscard]] std::string_view text() const {
    return empty() ? std::string_view() : std::string_view(text_.get() + padding, lines_[line_count_ - 1].end + 1UL);
  }
  [[nodiscard]] std::span<const CleanLine> lines() const { return {lines_.get(), line_count_}; }
  [[nodiscard]] std::span<const CleanCut> cuts() const { return {cuts_.get(), cut_count_}; }
  [[nodiscard]] std::uint32_t begin(std::size_t line) const { return line == 0 ? 0 : lines_[line - 1].end + 1; }
  /// The line's text, without \n.
  [[nodiscard]] std::string_view line(std::size_t index) const {
    return {text_.get() + padding + begin(index), lines_[index].end - begin(index)};
  }
  /// The raw offset of the byte that stands at `offset` of the block's text, within `line`; at its end: behind the last
  /// byte.
  [[nodiscard]] std::uint64_t raw_at(std::size_t line, std::uint32_t offset) const;
  /// Where [begin, end) of the block's text, within `line`, ends in the raw bytes.
  [[nodiscard]] std::uint64_t raw_end(std::size_t line, std::uint32_t begin, std::uint32_t end) const;

  /// Appends a line as it is (no \n in it, at most max_line_bytes), whose first byte has the raw offset `raw`.
  void append(std::string_view line, std::uint64_t raw);
  /// Appends one line of another block.
  void append(const CleanBlock& from, std::size_t line);

  /// For those who write blocks (the cleaners): text behind the last line is a line that has not ended.
  struct Writer;

 private:
  friend struct Writer;
  void reserve(std::size_t text, std::size_t lines, std::size_t cuts);

  std::unique_ptr<char[]> text_;  // padding, text, padding
  std::unique_ptr<CleanLine[]> lines_;
  std::unique_ptr<CleanCut[]> cuts_;
  std::size_t text_size_ = 0, line_count_ = 0, cut_count_ = 0;
  std::size_t text_capacity_ = 0, line_capacity_ = 0, cut_capacity_ = 0;
};

/// Turns the raw bytes of one channel into lines of text; the same lines at any size of chunks.
/// - A line ends at \n or \r; any number of \r and a \n behind them are one line end.
/// - Escape sequences go: CSI (at most 256 bytes), OSC, DCS, SOS, PM and APC strings (at most 4096 bytes, ended by BEL
/// or
///   ST), others (ESC, bytes 20-2F, one byte 30-7E). One that is cut short by a control character or is too long ends
///   there; what follows is text. A line end always ends it.
/// - NULs go. Ill-formed UTF-8 becomes U+FFFD, one for each maximal subpart. All else stays.
/// - A line of more than max_line_bytes is handed on in pieces.
/// Memory: the line that has not ended, at most. Thread: one at a time. Source: ECMA-48 5.3 to 5.6; ECMA-35 13.2;
/// Unicode 15 section 3.9 "U+FFFD Substitution of Maximal Subparts".
class Cleaner {
 public:
  /// The next byte has the raw offset `offset`.
  explicit Cleaner(std::uint64_t offset = 0);
  Cleaner(Cleaner&&) noexcept;
  Cleaner& operator=(Cleaner&&) noexcept;
  ~Cleaner();

  /// Appends the lines that end in `bytes` to `out`.
  void feed(std::string_view bytes, CleanBlock& out);
  /// The stream is over, or has a gap: appends what has not ended as a line (if there is any); the next byte has the
  /// raw offset `next`.
  void end(CleanBlock& out, std::uint64_t next);
  /// The next byte has the raw offset `next`, and goes on with the line: what stood between belongs to another channel.
  void jump(std::uint64_t next);
  /// Appends the line that has not ended, as far as it came, and goes on with it all the same: for prompts.
  void peek(CleanBlock& out) const;
  /// Raw offset of the next byte, and of the first byte of the line that has not ended.
  [[nodiscard]] std::uint64_t position() const;
  [[nodiscard]] std::uint64_t line_begin() const;
  /// How many NULs went, over all lines; those within an escape sequence's string are part of it.
  [[nodiscard]] std::uint64_t nuls() const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

/// The same by a plain loop over bytes: what Cleaner is held to by its tests.
class ScalarCleaner {
 public:
  explicit ScalarCleaner(std::uint64_t offset = 0);
  ScalarCleaner(ScalarCleaner&&) noexcept;
  ScalarCleaner& operator=(ScalarCleaner&&) noexcept;
  ~ScalarCleaner();
  void feed(std::string_view bytes, CleanBlock& out);
  void end(CleanBlock& out, std::uint64_t next);
  [[nodiscard]] std::uint64_t nuls() const;

 private:
  std::unique_ptr<Cleaner::State> state_;
};

}  // namespace hilltop::boards
