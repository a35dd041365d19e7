// SPDX-License-Identifier: Apache-2.0
// The vector loop of the cleaner: 64 bytes at a time become bit masks; escape sequences are found by the carries of one
// addition, line ends and well-formed UTF-8 by shifts, and what stays is squeezed together.
#include <bit>
#include <cstring>

#include "boards/console/match/clean_state.hpp"

#define HWY_WANT_AVX3_DL  // processors with byte permutes and compresses (2019 on)
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
/// Bytes below a space or beyond ASCII.
HWY_INLINE std::uint64_t where_unusual(const Bytes& bytes) {
  const hn::RebindToSigned<D> ds;
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < vectors; ++i) {
    const auto unusual = hn::Lt(hn::BitCast(ds, bytes.v[i]), hn::Set(ds, ' '));
#if HWY_TARGET <= HWY_AVX3
    out |= unusual.raw;
#else
    out |= bits_of(hn::MaskFromVec(hn::BitCast(D(), hn::VecFromMask(ds, unusual)))) << (i * lanes);
#endif
  }
  return out;
}

/// Writes the bytes of `keep`, with \n for each \r, to `to` (64 bytes of room).
HWY_INLINE void squeeze(const Bytes& bytes, [[maybe_unused]] std::uint64_t cr, std::uint64_t keep, char* to) {
#if HWY_TARGET <= HWY_AVX3_DL
  const auto mended = _mm512_mask_mov_epi8(bytes.v[0].raw, cr, _mm512_set1_epi8('\n'));
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

HWY_INLINE std::uint64_t last_of(std::uint64_t mask) {
  return 1ULL << (63 - static_cast<unsigned>(std::countl_zero(mask)));
}

/// Where, at the latest, the plain loop has to go on because of what is not ASCII: a bit at the first byte of what is
/// ill-formed or cut off by the end of `valid`, or before it; 0 when all is well-formed UTF-8. The bytes begin with a
/// character. Source: RFC 3629 section 4.
HWY_INLINE std::uint64_t odd_utf8(const Bytes& bytes, std::uint64_t valid, std::uint64_t high) {
  const auto more = where(bytes, 0xC0, 0x80) & valid;  // the second and further bytes of a character
  const auto lead = high & ~more;
  const auto lead3 = where(bytes, 0xF0, 0xE0) & valid;
  const auto lead4 = where(bytes, 0xF0, 0xF0) & valid;  // F5 to FF, too: refused below
  const auto lead2 = lead & ~(lead3 | lead4);
  auto wrong = (lead << 1 | (lead3 | lead4) << 2 | lead4 << 3) ^ more;
  wrong |= lead2 & where(bytes, 0xFE, 0xC0);                              // C0, C1: could be one byte
  wrong |= (lead3 & where(bytes, 0xE0)) << 1 & where(bytes, 0xE0, 0x80);  // could be two bytes
  wrong |= (lead3 & where(bytes, 0xED)) << 1 & where(bytes, 0xE0, 0xA0);  // a surrogate
  if (HWY_UNLIKELY(lead4 != 0)) {
    wrong |= lead4 & ~where(bytes, 0xFC, 0xF0) & ~where(bytes, 0xF4);
    wrong |= where(bytes, 0xF0) << 1 & where(bytes, 0xF0, 0x80);          // could be three bytes
    wrong |= where(bytes, 0xF4) << 1 & more & ~where(bytes, 0xF0, 0x80);  // beyond U+10FFFF
  }
  // A character that goes on behind the end of these bytes comes again with the next ones.
  const auto cut_off = (lead & ~(valid >> 1)) | ((lead3 | lead4) & ~(valid >> 2)) | (lead4 & ~(valid >> 3));
  wrong &= valid;
  if (HWY_LIKELY(wrong == 0)) return cut_off;
  // The character that is wrong there begins up to three bytes before.
  const auto first = static_cast<unsigned>(std::countr_zero(wrong));
  const auto before = lead & below(first) & ~below(first < 3 ? 0 : first - 3);
  return cut_off | (before != 0 ? last_of(before) : 1ULL << first);
}

/// What 64 bytes hold besides text and line ends; cut to the first bytes, which are ordinary.
struct Unusual {
  std::uint64_t valid, removed, cuts;  // the ordinary bytes; those of them that go; those behind which text goes on
  std::uint64_t nuls;                  // among those that go
};

HWY_INLINE Unusual parse_unusual(const Bytes& bytes, std::uint64_t valid, std::uint64_t behind_cr, std::uint64_t esc,
                                 std::uint64_t unusual) {
  const auto bracket = where(bytes, '[') & valid;
  const auto parameter = where(bytes, 0xE0, 0x20) & valid;
  const auto final_byte = where(bytes, 0xC0, 0x40) & ~where(bytes, 0x7F) & valid;
  const auto nul = where(bytes, 0) & valid;
  // A sequence's parameters begin at `first`: the addition carries through them and leaves a bit behind them.
  const auto first = esc << 2 & bracket << 1;
  std::uint64_t sum = 0;
  const bool unfinished = __builtin_add_overflow(first, parameter, &sum);
  auto ends = sum & ~parameter;         // none without a `first`
  constexpr auto no_room = 3ULL << 62;  // ESC here: its sequence cannot end in these bytes
  const auto not_ascii = unusual & ~(where(bytes, 0xE0, 0));
  auto odd = (nul & behind_cr) | (esc & (~(bracket >> 1) | no_room));
  if (not_ascii != 0) odd |= odd_utf8(bytes, valid, not_ascii);
  const auto bad_ends = ends & ~final_byte;
  if ((odd | bad_ends) != 0 || unfinished) {
    const auto before = bad_ends != 0 ? below(static_cast<unsigned>(std::countr_zero(bad_ends))) : ~0ULL;
    if ((bad_ends != 0 || unfinished) && (esc & before) != 0)
      odd |= 1ULL << (63 - static_cast<unsigned>(std::countl_zero(esc & before)));
    if (odd != 0) valid &= below(static_cast<unsigned>(std::countr_zero(odd)));
    esc &= valid;
    ends &= valid;
  }
  return {valid, (ends - esc) | ends | (nul & valid), ends | (nul & valid), nul & valid};
}

HWY_INLINE Bytes load_some(std::string_view bytes) {
#if HWY_TARGET <= HWY_AVX3
  return {{V{_mm512_maskz_loadu_epi8(below(static_cast<unsigned>(bytes.size())), bytes.data())}}};
#else
  alignas(64) char padded[64] = {};
  std::memcpy(padded, bytes.data(), bytes.size());
  return load(padded);
#endif
}

HWY_INLINE std::uint32_t count_below(std::uint64_t mask, unsigned bit) {
  return static_cast<std::uint32_t>(std::popcount(mask & below(bit)));
}

std::size_t CleanOrdinary(CleanBlock::Writer& to, std::string_view bytes) {
  constexpr std::size_t most_cuts = 8192;  // of one line, unless clean_byte() counts them
  constexpr std::size_t ahead = 1024;      // the processor's own prefetching ends with each page
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
  std::uint64_t after_cr = s.after_cr ? 1 : 0;
  if (s.mapped != position && !bytes.empty()) {
    to.cut(position);
    cut_count = arrays.cut_count;
  }
  while (!bytes.empty()) {
    if (text_size - line_begin > max_line_bytes - 64 || cut_count - first_cut > most_cuts) break;
    __builtin_prefetch(bytes.data() + ahead);
    const bool whole = HWY_LIKELY(bytes.size() >= 64);
    const auto in = whole ? load(bytes.data()) : load_some(bytes);
    auto valid = whole ? ~0ULL : below(static_cast<unsigned>(bytes.size()));
    auto cr = where(in, '\r') & valid;
    auto lf = where(in, '\n') & valid;
    const auto esc = where(in, 0x1b) & valid;
    const auto unusual = where_unusual(in) & valid & ~(cr | lf);
    const auto behind_cr = cr << 1 | after_cr;
    std::uint64_t cut_bits = 0;
    std::uint64_t removed = 0;
    if (unusual != 0) {
      const auto found = parse_unusual(in, valid, behind_cr, esc, unusual);
      if (found.valid == 0) break;
      valid = found.valid;
      cr &= valid;
      lf &= valid;
      cut_bits = found.cuts;
      removed = found.removed;
      s.nuls += static_cast<unsigned>(std::popcount(found.nuls));
    }
    const auto size = static_cast<unsigned>(std::popcount(valid));
    const auto swallowed = (cr | lf) & behind_cr;
    const auto keep = valid & ~(removed | swallowed);
    squeeze(in, cr, keep, arrays.text + text_size);

    if ((swallowed & 1) != 0) {  // the rest of the line end before
      line_raw = position + static_cast<unsigned>(std::countr_one(swallowed));
      cut_count = first_cut;
    }
    // Most often there is one line end or none, which no processor can guess: the first is written in any case, and
    // counts if it is there.
    auto left = (cr | lf) & ~behind_cr;
    do {
      const bool is = left != 0;
      const auto bit = static_cast<unsigned>(std::countr_zero(left));
      const auto end = static_cast<std::uint32_t>(text_size) + count_below(keep, bit);
      const auto next_raw = position + bit + 1 + static_cast<unsigned>(std::countr_one(swallowed >> (bit & 63) >> 1));
      arrays.lines[line_count] = {end, static_cast<std::uint32_t>(first_cut), line_raw};
      line_count += is ? 1 : 0;
      line_begin = is ? end + 1UL : line_begin;
      first_cut = is ? cut_count + count_below(cut_bits, bit) : first_cut;
      line_raw = is ? next_raw : line_raw;
      left &= left - 1;
    } while (HWY_UNLIKELY(left != 0));
    for (left = cut_bits; left != 0; left &= left - 1) {
      const auto bit = static_cast<unsigned>(std::countr_zero(left));
      arrays.cuts[cut_count] = {static_cast<std::uint32_t>(text_size) + count_below(keep, bit), position + bit + 1};
      ++cut_count;
    }
    after_cr = cr >> (size - 1) & 1;
    text_size += static_cast<unsigned>(std::popcount(keep));
    position += size;
    bytes.remove_prefix(size);  // what is not ordinary, or may be unfinished, now comes first
  }
  arrays.text_size = text_size;
  arrays.line_count = line_count;
  arrays.cut_count = cut_count;
  to.line_begin = line_begin;
  to.line_first_cut = first_cut;
  s.line_raw = line_raw;
  s.mapped = s.position = position;
  s.after_cr = after_cr != 0;
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
