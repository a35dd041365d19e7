// SPDX-License-Identifier: Apache-2.0
#include "boards/console/match/literal_filter.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>

#include "boards/console/match/literal_hash.hpp"

namespace hilltop::boards {

/// Where a factor is looked at.
struct LiteralFilter::Layout {
  std::array<ByteSet, fingerprint> sets;
  std::array<std::uint8_t, compared> mask{}, value{};
  std::uint8_t back = 0;
  std::int32_t to_at = 0;
};

namespace {

constexpr std::size_t buckets = 8;
constexpr auto fingerprint = LiteralFilter::fingerprint;
constexpr auto compared = LiteralFilter::compared;
constexpr std::size_t linear = 6;  // values of a group that are tried one by one

using Layout = LiteralFilter::Layout;

std::vector<ByteSet> places_of(const Factor& factor) {
  std::vector<ByteSet> out;
  if (factor.after_newline) out.push_back(ByteSet::of('\n'));
  out.insert(out.end(), factor.bytes.begin(), factor.bytes.end());
  if (factor.before_newline) out.push_back(ByteSet::of('\n'));
  return out;
}

Layout lay_out(const Factor& factor) {
  Layout out;
  const auto places = places_of(factor);
  const auto from = rarity(factor, fingerprint).from;
  for (std::size_t i = 0; i < fingerprint; ++i)
    out.sets[i] = from + i < places.size() ? places[from + i] : ByteSet::any();
  std::size_t begin = 0;
  if (places.size() > compared) begin = std::min(from > 6 ? from - 6 : 0, places.size() - compared);
  for (std::size_t i = 0; i < std::min(compared, places.size() - begin); ++i) {
    const auto bits = places[begin + i].masked();
    out.mask[i] = bits.mask;
    out.value[i] = bits.value;
  }
  out.back = static_cast<std::uint8_t>(from - begin);
  out.to_at = (factor.after_newline ? 1 : 0) - static_cast<std::int32_t>(from);
  return out;
}

/// What a bucket lets through.
struct Bucket {
  std::array<ByteSet, fingerprint> sets;
  std::vector<std::uint32_t> members;

  [[nodiscard]] double rarity_with(const Layout& one) const {
    Factor factor;
    for (std::size_t i = 0; i < fingerprint; ++i) {
      auto set = sets[i];
      set |= one.sets[i];
      factor.bytes.push_back(set);
    }
    return rarity(factor, fingerprint).per_byte;
  }
  [[nodiscard]] double rarity_now() const {
    if (members.empty()) return 0;
    Factor factor;
    factor.bytes.assign(sets.begin(), sets.end());
    return rarity(factor, fingerprint).per_byte;
  }
  void add(const Layout& one, std::uint32_t index) {
    for (std::size_t i = 0; i < fingerprint; ++i) sets[i] |= one.sets[i];
    members.push_back(index);
  }
};

constexpr std::size_t most_words = 256;  // that a fingerprint with classes may stand for

std::size_t words_of(const Layout& layout) {
  std::size_t out = 1;
  for (const auto& set : layout.sets) out *= set.size();
  return out;
}

// Each factor goes where it makes things least worse; the most frequent ones choose first. Those with wide classes are
// kept apart.
std::array<Bucket, buckets> distribute(const std::vector<Layout>& layouts, const std::vector<Factor>& factors) {
  std::vector<std::pair<double, std::uint32_t>> order;
  for (std::uint32_t i = 0; i < layouts.size(); ++i) order.emplace_back(-rarity(factors[i], fingerprint).per_byte, i);
  std::ranges::sort(order);
  std::array<Bucket, buckets> out;
  for (const auto& [unused, index] : order) {
    auto* best = &out[buckets - 1];
    double least = 2;
    for (std::size_t b = 0; b + 1 < buckets && words_of(layouts[index]) <= most_words; ++b) {
      const auto worse = out[b].rarity_with(layouts[index]) - out[b].rarity_now();
      if (worse >= least) continue;
      least = worse;
      best = &out[b];
    }
    best->add(layouts[index], index);
  }
  return out;
}

// As fingerprint_at() reads the bytes of a word whose first byte is the lowest.
std::uint32_t native(std::uint32_t word) {
  return std::endian::native == std::endian::little ? word : __builtin_bswap32(word);
}

void all_words(const Layout& layout, std::size_t place, std::uint32_t word, std::vector<std::uint32_t>& out) {
  if (place == fingerprint) return out.push_back(word);
  layout.sets[place].for_each(
      [&](unsigned char byte) { all_words(layout, place + 1, word | std::uint32_t{byte} << 8 * place, out); });
}

}  // namespace

LiteralFilter::LiteralFilter(const std::vector<Factor>& factors) {
  std::vector<Layout> layouts;
  for (const auto& factor : factors) layouts.push_back(lay_out(factor));
  const auto all = distribute(layouts, factors);
  for (std::size_t b = 0; b < buckets; ++b) {
    const auto bit = static_cast<std::uint8_t>(1U << b);
    for (std::size_t i = 0; i < fingerprint && !all[b].members.empty(); ++i) {
      all[b].sets[i].for_each([&](unsigned char byte) {
        tables_.low[i][byte & 15] |= bit;
        tables_.high[i][byte >> 4] |= bit;
        tables_.ascii[i][byte & 127] |= bit;
      });
    }
  }
  add_words(layouts);
  tables_.first_wide = static_cast<std::uint32_t>(tables_.groups.size());
  add_groups(layouts, all[buckets - 1].members);
  tables_.end_wide = static_cast<std::uint32_t>(tables_.groups.size());
}

// Those of one fingerprint that are compared in the same bits at the same place make a group.
void LiteralFilter::add_groups(const std::vector<Layout>& layouts, const std::vector<std::uint32_t>& members) {
  std::map<std::pair<std::uint8_t, std::array<std::uint8_t, compared>>, std::vector<std::uint32_t>> groups;
  for (const auto index : members) groups[{layouts[index].back, layouts[index].mask}].push_back(index);
  for (const auto& [key, indices] : groups) {
    Group group;
    group.back = key.first;
    group.mask = key.second;
    group.first = static_cast<std::uint32_t>(tables_.values.size());
    group.count = static_cast<std::uint32_t>(indices.size());
    for (const auto index : indices) tables_.values.push_back({layouts[index].value, index, layouts[index].to_at});
    if (indices.size() > linear) {
      group.slots = std::bit_ceil(2 * group.count);
      group.first_slot = static_cast<std::uint32_t>(tables_.slots.size());
      tables_.slots.resize(tables_.slots.size() + group.slots);
      for (auto value = group.first; value < group.first + group.count; ++value) {
        auto slot = literal_hash(tables_.values[value].bytes.data());
        while (tables_.slots[group.first_slot + (slot & (group.slots - 1))] != 0) ++slot;
        tables_.slots[group.first_slot + (slot & (group.slots - 1))] = value + 1;
      }
    }
    tables_.groups.push_back(group);
  }
}

void LiteralFilter::add_words(const std::vector<Layout>& layouts) {
  std::map<std::uint32_t, std::vector<std::uint32_t>> by_word;
  for (std::uint32_t index = 0; index < layouts.size(); ++index) {
    std::vector<std::uint32_t> words;
    if (words_of(layouts[index]) <= most_words) all_words(layouts[index], 0, 0, words);
    for (const auto word : words) by_word[native(word)].push_back(index);
  }
  const auto bits = std::clamp<std::size_t>(std::bit_ceil(32 * by_word.size()), 1U << 12, 1U << 20);
  tables_.known.assign(bits / 64, 0);
  tables_.known_shift = 32 - static_cast<std::uint32_t>(std::countr_zero(bits));
  tables_.words.resize(std::max<std::size_t>(4, std::bit_ceil(2 * by_word.size())));
  tables_.word_shift = 32 - static_cast<std::uint32_t>(std::countr_zero(tables_.words.size()));
  for (const auto& [word, members] : by_word) {
    const auto hash = fingerprint_hash(word);
    const auto bit = hash >> tables_.known_shift;
    tables_.known[bit / 64] |= 1ULL << bit % 64;
    const auto first = static_cast<std::uint32_t>(tables_.groups.size());
    add_groups(layouts, members);
    auto slot = hash >> tables_.word_shift;
    while (tables_.words[slot].count != 0) slot = (slot + 1) & (tables_.words.size() - 1);
    tables_.words[slot] = {word, first, static_cast<std::uint32_t>(tables_.groups.size()) - first};
  }
}

bool LiteralFilter::is_exact(const Factor& factor) {
  const auto places = places_of(factor);
  return places.size() <= compared && std::ranges::all_of(places, [](const ByteSet& set) { return set.is_masked(); });
}

}  // namespace hilltop::boards
