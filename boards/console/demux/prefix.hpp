// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace hilltop::boards::demux {

/// Whether a text begins with something, as far as its bytes tell.
enum class Fit : std::uint8_t { no, yes, more };  ///< more: the bytes end before it is certain

/// Reads a text from its begin on; remembers whether it ran out of bytes.
class Prefix {
 public:
  explicit Prefix(std::string_view text) : text_(text) {}

  [[nodiscard]] std::size_t position() const { return at_; }
  [[nodiscard]] bool ran_out() const { return ran_out_; }
  [[nodiscard]] Fit fit() const { return ran_out_ ? Fit::more : Fit::no; }  ///< after something failed

  /// The next byte fulfils `test`.
  template <class Test>
  bool byte_that(Test test) {
    if (at_ >= text_.size()) return run_out();
    if (!test(text_[at_])) return false;
    ++at_;
    return true;
  }
  bool byte(char wanted) {
    return byte_that([wanted](char c) { return c == wanted; });
  }
  bool one_of(std::string_view wanted) {
    return byte_that([wanted](char c) { return wanted.find(c) != std::string_view::npos; });
  }
  bool word(std::string_view wanted) {
    return std::ranges::all_of(wanted, [this](char c) { return byte(c); });
  }
  /// `least` to `most` bytes that fulfil `test`; fewer or more do not fit.
  template <class Test>
  bool run(std::size_t least, std::size_t most, Test test) {
    const auto begin = at_;
    while (at_ < text_.size() && test(text_[at_]))
      if (++at_ - begin > most) return false;
    if (at_ == text_.size()) return run_out();
    return at_ - begin >= least;
  }
  bool digits(std::size_t least, std::size_t most) { return run(least, most, is_digit); }
  bool spaces(std::size_t least, std::size_t most) {
    return run(least, most, [](char c) { return c == ' '; });
  }
  /// Whether the next byte is `c`; where there is none, it ran out.
  bool next_is(char c) {
    if (at_ >= text_.size()) return run_out();
    return text_[at_] == c;
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

 private:
  bool run_out() {
    ran_out_ = true;
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool ran_out_ = false;
};

}  // namespace hilltop::boards::demux
