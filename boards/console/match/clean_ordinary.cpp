// SPDX-License-Identifier: Apache-2.0
// The vector loop of the cleaner: 64 bytes at a time become bit masks; escape sequences are found by the carries of one
// addition, line ends by shifts, and what stays is squeezed together.
#include <bit>
#include <cstring>

#include "boards/console/match/clean_state.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "boards/console/match/clean_ordinary.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h:
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace hilltop::boards::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<std::uint8_t, 64>;
using V = hn::Vec<D>;
constexpr std::size_t lanes = hn::MaxLanes(D());
constexpr std::size_t vectors = 64 / lanes;

struct Bytes {
  V v[vectors];
};

HWY_INLINE std::uint64_t bits_of(hn::Mask<D> mask) {
#if HWY_TARGET <= HWY_AVX3
  return mask.raw;
#else
  std::uint64_t bits = 0;
  hn::StoreMaskBits(D(), mask, reinterpret_cast<std::uint8_t*>(&bits));
  return bits;
#endif
}

HWY_INLINE Bytes load(const char* from) {
  Bytes out;
  for (std::size_t i = 0; i < vectors; ++i)
    out.v[i] = hn::LoadU(D(), reinterpret_cast<const std::uint8_t*>(from) + i * lanes);
  return out;
}

/// Which bytes are `value` in the bits of `mask`.
HWY_INLINE std::uint64_t where(const Bytes& bytes, std::uint8_t mask, std::uint8_t value) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < vectors; ++i)
    out |= bits_of(hn::Eq(hn::And(bytes.v[i], hn::Set(D(), mask)), hn::Set(D(), value))) << (i * lanes);
  return out;
}
HWY_INLINE std::uint64_t where(const Bytes& bytes, std::uint8_t value) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < vectors; ++i) out |= bits_of(hn::Eq(bytes.v[i], hn::Set(D(), value))) << (i * lanes);
  return out;
}
HWY_INLINE std::uint64_t where_not_ascii(const Bytes& bytes) {
  std::uint64_t out = 0;
  const hn::RebindToSigned<D> ds;
  for (std::size_t i = 0; i < vectors; ++i)
    out |= bits_of(hn::MaskFromVec(
               hn::BitCast(D(), hn::VecFromMask(ds, hn::Lt(hn::BitCast(ds, bytes.v[i]), hn::Zero(ds))))))
           << (i * lanes);
  return out;
}

/// Writes the bytes of `keep`, with \n for each \r, to `to` (64 bytes of room).
HWY_INLINE void squeeze(Bytes bytes, std::uint64_t keep, char* to) {
#if HWY_TARGET <= HWY_AVX3_DL
  const auto newline = _mm512_set1_epi8('\n');
  const auto mended =
      _mm512_mask_mov_epi8(bytes.v[0].raw, _mm512_cmpeq_epi8_mask(bytes.v[0].raw, _mm512_set1_epi8('\r')), newline);
  _mm512_storeu_si512(to, _mm512_maskz_compress_epi8(keep, mended));
#else
  alignas(64) char from[128];
  for (std::size_t i = 0; i < vectors; ++i) {
    const auto mended = hn::IfThenElse(hn::Eq(bytes.v[i], hn::Set(D(), '\r')), hn::Set(D(), '\n'), bytes.v[i]);
    hn::StoreU(mended, D(), reinterpret_cast<std::uint8_t*>(from) + i * lanes);
  }
  std::size_t at = 0;
  while (keep != 0) {  // run by run; what is written too much the next run overwrites
    const auto skip = static_cast<std::size_t>(std::countr_zero(keep));
    keep >>= skip;
    at += skip;
    const auto length = static_cast<std::size_t>(std::countr_one(keep));
    const auto run = load(from + at);
    for (std::size_t i = 0; i < vectors; ++i)
      hn::StoreU(run.v[i], D(), reinterpret_cast<std::uint8_t*>(to) + i * lanes);
    to += length;
    at += length;
    keep = length < 64 ? keep >> length : 0;
  }
#endif
}

HWY_INLINE std::uint64_t below(unsigned bit) { return bit >= 64 ? ~0ULL : (1ULL << bit) - 1; }

/// What 64 bytes hold; cut to the first `size` of them, which are ordinary.
struct Parsed {
  unsigned size;
  std::uint64_t carriage_returns, line_ends, swallowed, sequence_ends, nuls, keep;
};

HWY_INLINE Parsed parse(const Bytes& bytes, unsigned available, bool after_cr) {
  auto valid = below(available);
  auto esc = where(bytes, 0x1b) & valid;
  const auto bracket = where(bytes, '[') & valid;
  const auto parameter = where(bytes, 0xE0, 0x20) & valid;
  const auto final_byte = where(bytes, 0xC0, 0x40) & ~where(bytes, 0x7F) & valid;
  const auto cr = where(bytes, '\r') & valid;
  const auto lf = where(bytes, '\n') & valid;
  const auto nul = where(bytes, 0) & valid;
  const auto behind_cr = cr << 1 | static_cast<std::uint64_t>(after_cr);

  // A sequence's parameters begin at `first`: the addition carries through them and leaves a bit behind them.
  const auto first = esc << 2 & bracket << 1;
  std::uint64_t sum = 0;
  const bool unfinished = __builtin_add_overflow(first, parameter, &sum);
  auto ends = sum & ~parameter;         // none without a `first`
  constexpr auto no_room = 3ULL << 62;  // ESC here: its sequence cannot end in these bytes
  auto odd = (where_not_ascii(bytes) & valid) | (nul & behind_cr) | (esc & (~(bracket >> 1) | no_room));
  const auto bad_ends = ends & ~final_byte;
  if ((odd | bad_ends) != 0 || unfinished) {
    const auto before = bad_ends != 0 ? below(static_cast<unsigned>(std::countr_zero(bad_ends))) : ~0ULL;
    if ((bad_ends != 0 || unfinished) && (esc & before) != 0)
      odd |= 1ULL << (63 - static_cast<unsigned>(std::countl_zero(esc & before)));
    if (odd != 0) valid &= below(static_cast<unsigned>(std::countr_zero(odd)));
    esc &= valid;
    ends &= valid;
  }
  Parsed out;
  out.size = static_cast<unsigned>(std::popcount(valid));
  const auto line_bytes = (cr | lf) & valid;
  out.carriage_returns = cr & valid;
  out.line_ends = line_bytes & ~behind_cr;
  out.swallowed = line_bytes & behind_cr;
  out.sequence_ends = ends;
  out.nuls = nul & valid;
  out.keep = valid & ~((ends - esc) | ends | out.swallowed | out.nuls);
  return out;
}

HWY_INLINE std::uint32_t count_below(std::uint64_t mask, unsigned bit) {
  return static_cast<std::uint32_t>(std::popcount(mask & below(bit)));
}

std::size_t CleanOrdinary(CleanBlock::Writer& to, std::string_view bytes) {
  constexpr std::size_t most_cuts = 8192;  // of one line, unless clean_byte() counts them
  auto& s = to.s;
  const auto begun = s.position;
  auto arrays = to.arrays();
  auto text_size = arrays.text_size;
  auto line_count = arrays.line_count;
  auto cut_count = arrays.cut_count;
  auto line_begin = to.line_begin;
  auto first_cut = to.line_first_cut;
  auto line_raw = s.line_raw;
  auto position = begun;
  bool after_cr = s.after_cr;
  if (s.mapped != position && !bytes.empty()) {
    to.cut(position);
    cut_count = arrays.cut_count;
  }
  while (!bytes.empty()) {
    if (text_size - line_begin > max_line_bytes - 64 || cut_count - first_cut > most_cuts) break;
    Bytes in;
    unsigned available = 64;
    if (bytes.size() >= 64) {
      in = load(bytes.data());
    } else {
      alignas(64) char padded[64] = {};
      available = static_cast<unsigned>(bytes.size());
      std::memcpy(padded, bytes.data(), bytes.size());
      in = load(padded);
    }
    const auto found = parse(in, available, after_cr);
    if (found.size == 0) break;
    squeeze(in, found.keep, arrays.text + text_size);

    if ((found.swallowed & 1) != 0) {  // the rest of the line end before
      line_raw = position + static_cast<unsigned>(std::countr_one(found.swallowed));
      cut_count = first_cut;
    }
    const auto cut_bits = found.sequence_ends | found.nuls;
    for (auto left = found.line_ends; left != 0; left &= left - 1) {
      const auto bit = static_cast<unsigned>(std::countr_zero(left));
      const auto end = static_cast<std::uint32_t>(text_size) + count_below(found.keep, bit);
      arrays.lines[line_count++] = {end, static_cast<std::uint32_t>(first_cut), line_raw};
      line_begin = end + 1UL;
      first_cut = cut_count + count_below(cut_bits, bit);
      line_raw = position + bit + 1 + static_cast<unsigned>(std::countr_one(found.swallowed >> bit >> 1));
    }
    for (auto left = cut_bits; left != 0; left &= left - 1) {
      const auto bit = static_cast<unsigned>(std::countr_zero(left));
      arrays.cuts[cut_count++] = {static_cast<std::uint32_t>(text_size) + count_below(found.keep, bit),
                                  position + bit + 1};
    }
    after_cr = (found.carriage_returns >> (found.size - 1) & 1) != 0;
    text_size += static_cast<unsigned>(std::popcount(found.keep));
    position += found.size;
    bytes.remove_prefix(found.size);
    if (found.size < available) break;
  }
  arrays.text_size = text_size;
  arrays.line_count = line_count;
  arrays.cut_count = cut_count;
  to.line_begin = line_begin;
  to.line_first_cut = first_cut;
  s.line_raw = line_raw;
  s.mapped = s.position = position;
  s.after_cr = after_cr;
  return position - begun;
}

}  // namespace hilltop::boards::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hilltop::boards {

HWY_EXPORT(CleanOrdinary);

std::size_t clean_ordinary(CleanBlock::Writer& to, std::string_view bytes) {
  return HWY_DYNAMIC_DISPATCH(CleanOrdinary)(to, bytes);
}

}  // namespace hilltop::boards
#endif
