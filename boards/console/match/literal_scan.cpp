// SPDX-License-Identifier: Apache-2.0
// The vector loop of LiteralFilter.
#include <bit>

#include "boards/console/match/literal_filter.hpp"
#include "boards/console/match/literal_hash.hpp"

#define HWY_WANT_AVX3_DL  // processors with byte permutes and compresses (2019 on)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "boards/console/match/literal_scan.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h:
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace hilltop::boards::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Tables = LiteralFilter::Tables;
using Candidates = std::vector<LiteralFilter::Candidate>;
using D16 = hn::FixedTag<std::uint8_t, 16>;
using D = hn::CappedTag<std::uint8_t, 64>;
using V = hn::Vec<D>;
constexpr std::size_t lanes = hn::MaxLanes(D());

struct Text {
  const std::uint8_t* begin;
  std::size_t size;
};

HWY_INLINE bool equals(hn::Vec<D16> masked, const LiteralFilter::Value& value) {
  return hn::AllTrue(D16(), hn::Eq(masked, hn::Load(D16(), value.bytes.data())));
}

HWY_INLINE void take(const Text& text, std::ptrdiff_t at, const LiteralFilter::Value& value, Candidates& out) {
  const auto begin = at + value.to_at;
  if (begin >= 0 && static_cast<std::size_t>(begin) <= text.size)
    out.push_back({static_cast<std::uint32_t>(begin), value.factor});
}

void CompareGroups(const Tables& tables, const Text& text, std::ptrdiff_t at, std::uint32_t first, std::uint32_t last,
                   Candidates& out) {
  for (auto g = first; g < last; ++g) {
    const auto& group = tables.groups[g];
    const auto here = hn::LoadU(D16(), text.begin + at - group.back);
    const auto masked = hn::And(here, hn::Load(D16(), group.mask.data()));
    if (group.slots == 0) {
      for (auto i = group.first; i < group.first + group.count; ++i)
        if (equals(masked, tables.values[i])) take(text, at, tables.values[i], out);
      continue;
    }
    alignas(16) std::uint8_t bytes[LiteralFilter::compared];
    hn::Store(masked, D16(), bytes);
    for (auto slot = literal_hash(bytes);; ++slot) {
      const auto value = tables.slots[group.first_slot + (slot & (group.slots - 1))];
      if (value == 0) break;
      if (equals(masked, tables.values[value - 1])) take(text, at, tables.values[value - 1], out);
    }
  }
}

/// The fingerprint at `at` is one that is known, if `hash` is not that of another: compares the rest.
HWY_NOINLINE void CompareWord(const Tables& tables, const Text& text, std::ptrdiff_t at, std::uint32_t word,
                              std::uint32_t hash, Candidates& out) {
  for (auto slot = hash >> tables.word_shift; tables.words[slot].count != 0;
       slot = (slot + 1) & (tables.words.size() - 1)) {
    const auto& entry = tables.words[slot];
    if (entry.word == word) return CompareGroups(tables, text, at, entry.first, entry.first + entry.count, out);
  }
}

#if HWY_TARGET <= HWY_AVX3_DL
/// Seven bits of a byte choose its buckets.
struct Lookup {
  __m512i low, high;
  HWY_INLINE Lookup(const Tables& tables, std::size_t place)
      : low(_mm512_load_si512(tables.ascii[place].data())), high(_mm512_load_si512(tables.ascii[place].data() + 64)) {}
  HWY_INLINE V of(const std::uint8_t* from) const {
    return V{_mm512_permutex2var_epi8(low, _mm512_loadu_si512(from), high)};
  }
};
#else
/// The two nibbles of a byte choose its buckets.
struct Lookup {
  V low, high;
  HWY_INLINE Lookup(const Tables& tables, std::size_t place)
      : low(hn::LoadDup128(D(), tables.low[place].data())), high(hn::LoadDup128(D(), tables.high[place].data())) {}
  HWY_INLINE V of(const std::uint8_t* from) const {
    const auto bytes = hn::LoadU(D(), from);
    const auto low_nibbles = hn::And(bytes, hn::Set(D(), 15));
    const auto high_nibbles = hn::ShiftRight<4>(bytes);
    return hn::And(hn::TableLookupBytes(low, low_nibbles), hn::TableLookupBytes(high, high_nibbles));
  }
};
#endif

HWY_INLINE std::uint64_t bits_of(hn::Mask<D> mask) {
#if HWY_TARGET <= HWY_AVX3
  return mask.raw;
#else
  std::uint64_t bits = 0;
  hn::StoreMaskBits(D(), mask, reinterpret_cast<std::uint8_t*>(&bits));
  return bits;
#endif
}

void FindLiterals(const Tables& tables, std::string_view in, Candidates& out) {
  const Text text{reinterpret_cast<const std::uint8_t*>(in.data()), in.size()};
  const Lookup first(tables, 0);
  const Lookup second(tables, 1);
  const Lookup third(tables, 2);
  const Lookup fourth(tables, 3);
  const auto zero = hn::Zero(D());
  const auto end = static_cast<std::ptrdiff_t>(in.size());
  for (std::ptrdiff_t at = -1; at < end; at += static_cast<std::ptrdiff_t>(lanes)) {
    const auto* from = text.begin + at;
    const auto buckets =
        hn::And(hn::And(first.of(from), second.of(from + 1)), hn::And(third.of(from + 2), fourth.of(from + 3)));
    auto found = bits_of(hn::Ne(buckets, zero));
    if (HWY_LIKELY(found == 0)) continue;
    alignas(64) std::uint8_t which[lanes];
    hn::Store(buckets, D(), which);
    for (; found != 0; found &= found - 1) {
      const auto i = std::countr_zero(found);
      if (at + i >= end) break;
      const auto word = fingerprint_at(from + i);
      const auto hash = fingerprint_hash(word);
      const auto bit = hash >> tables.known_shift;
      if (HWY_UNLIKELY((tables.known[bit / 64] >> bit % 64 & 1) != 0))
        CompareWord(tables, text, at + i, word, hash, out);
      if (HWY_UNLIKELY((which[i] & LiteralFilter::wide_bucket) != 0))
        CompareGroups(tables, text, at + i, tables.first_wide, tables.end_wide, out);
    }
  }
}

}  // namespace hilltop::boards::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hilltop::boards {

HWY_EXPORT(FindLiterals);

void LiteralFilter::find(std::string_view text, std::vector<Candidate>& out) const {
  if (text.empty() || tables_.groups.empty()) return;
  HWY_DYNAMIC_DISPATCH(FindLiterals)(tables_, text, out);
}

}  // namespace hilltop::boards
#endif
