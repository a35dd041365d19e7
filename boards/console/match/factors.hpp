// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "boards/console/match/byte_set.hpp"

namespace hilltop::boards {

/// A piece of text that a match holds: one byte set for each place.
struct Factor {
  static constexpr std::int32_t anywhere = -1;

  std::vector<ByteSet> bytes;
  bool after_newline = false;   ///< the byte before it is the \n of the line before (not a part of the match)
  bool before_newline = false;  ///< the byte behind it is the line's \n (not a part of the match)
  std::int32_t offset = 0;      ///< from the match's begin to bytes[0], where that is always the same

  [[nodiscard]] std::string printable() const;
};

/// What every match of a pattern holds: at least one of these factors.
struct Factors {
  std::vector<Factor> any;      ///< empty: nothing is known that is rare enough
  bool is_all = false;          ///< the pattern matches any[0] wherever that stands, and nothing else
  std::uint32_t min_bytes = 0;  ///< of a match
  double per_byte = 1;          ///< how often one of them stands in a console log, estimated, by byte of text
};

/// How a pattern is searched.
struct FactorScope {
  bool lines = false;         ///< a match may span lines: what lies on both sides of a \n is not seen together
  bool after_stamps = false;  ///< ^ is not always the line's begin
};

/// Reads `pcre`, which translate_python_pattern() made and PCRE2 takes, and finds the rarest set of factors. What it
/// does not understand it takes for a text about which nothing is known.
[[nodiscard]] Factors required_factors(std::string_view pcre, const FactorScope& scope);

/// How often a factor stands in a console log, estimated, by byte of text, looking at no more than `most` of its places
/// next to each other (the rarest), which begin at `from`.
struct Rarity {
  double per_byte = 1;
  std::size_t from = 0;
};
[[nodiscard]] Rarity rarity(const Factor& factor, std::size_t most);

}  // namespace hilltop::boards
