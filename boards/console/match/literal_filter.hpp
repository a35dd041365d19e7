// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "boards/console/match/factors.hpp"

namespace hilltop::boards {

/// Finds where any of many factors stands in a text, by vectors: four places next to each other of each factor, its
/// fingerprint, select at most eight buckets a position (Teddy); what they let through is compared in up to 16 places.
/// Source: the idea of Teddy is Hyperscan's (Wang et al., NSDI 2019, section 4.2.2).
class LiteralFilter {
 public:
  static constexpr std::size_t fingerprint = 4;
  static constexpr std::size_t compared = 16;
  static constexpr unsigned wide_bucket = 1U << 7;

  /// A factor stands at `at`. Of places with sets that are not "some bits of the byte", and those beyond the 16, it may
  /// not.
  struct Candidate {
    std::uint32_t at;      ///< of its first byte, without a \n before it
    std::uint32_t factor;  ///< index
  };

  LiteralFilter() = default;
  explicit LiteralFilter(const std::vector<Factor>& factors);

  /// Appends the candidates in `text`, by their fingerprint's place. CleanBlock::padding bytes before and behind the
  /// text can be read, the one before it is \n, and the text ends with \n.
  void find(std::string_view text, std::vector<Candidate>& out) const;
  /// Whether find() gives exactly where this factor stands.
  [[nodiscard]] static bool is_exact(const Factor& factor);

  struct alignas(16) Group {
    std::array<std::uint8_t, compared> mask{};
    std::uint8_t back = 0;    // from the fingerprint to the first place that is compared
    std::uint32_t first = 0;  // of values_
    std::uint32_t count = 0;  // linear search
    std::uint32_t slots = 0;  // or so many slots (a power of 2, hashed) from `first_slot` on
    std::uint32_t first_slot = 0;
  };
  struct alignas(16) Value {
    std::array<std::uint8_t, compared> bytes{};
    std::uint32_t factor = 0;
    std::int32_t to_at = 0;  // from the fingerprint to the factor's first byte
  };
  struct Layout;
  struct Word {
    std::uint32_t word = 0;
    std::uint32_t first = 0, count = 0;  // groups
  };
  struct Tables {
    // By place of the fingerprint: buckets that allow a byte with this low or high nibble, or this 7-bit byte.
    alignas(64) std::array<std::array<std::uint8_t, 16>, fingerprint> low{}, high{};
    alignas(64) std::array<std::array<std::uint8_t, 128>, fingerprint> ascii{};
    std::vector<Group> groups;
    std::vector<Value> values;
    std::vector<std::uint32_t> slots;  // of groups with many values: index of a value + 1; 0: free
    // The fingerprints as words, hashed: first into bits, which tell what nibbles and bytes in common let through, then
    // to their groups. What is in the wide bucket has no word: too many would do.
    std::vector<std::uint64_t> known;
    std::uint32_t known_shift = 32;              // hash to index of a bit
    std::vector<Word> words;                     // count == 0: free
    std::uint32_t word_shift = 32;               // hash to index of a word
    std::uint32_t first_wide = 0, end_wide = 0;  // groups of the wide bucket
  };
  [[nodiscard]] const Tables& tables() const { return tables_; }

 private:
  void add_groups(const std::vector<Layout>& layouts, const std::vector<std::uint32_t>& members);
  void add_words(const std::vector<Layout>& layouts);

  Tables tables_;
};

}  // namespace hilltop::boards
