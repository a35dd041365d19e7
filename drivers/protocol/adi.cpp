// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/adi.hpp"

#include <algorithm>

namespace hilltop::drivers::adi {
namespace {

using namespace std::string_view_literals;

constexpr Bits ones{"\xff\xff\xff\xff\xff\xff\xff"sv, 56};
constexpr Bits idle{"\0"sv, 8};
constexpr Bits jtag_to_swd{"\x9e\xe7"sv, 16};
constexpr Bits selection_alert{"\x92\xf3\x09\x62\x95\x2d\x85\x86\xe9\xaf\xdd\xe3\xa2\x0e\xbc\x19"sv, 128};
constexpr Bits activation{"\xa0\x01"sv, 12};  // four zeros, then 0x1a

}  // namespace

std::vector<Bits> switch_to_swd() { return {ones, jtag_to_swd, ones, idle}; }

std::vector<Bits> wake_to_swd() { return {ones, selection_alert, activation, ones, idle}; }

std::vector<Words> words_of(std::uint32_t address, std::uint32_t size, std::uint32_t most_words) {
  std::vector<Words> out;
  if (size == 0 || most_words == 0) return out;
  std::uint64_t at = address & ~3u;
  const auto end = (std::uint64_t{address} + size + 3) & ~std::uint64_t{3};
  while (at < end) {
    const auto block_end = (at / increment_block_bytes + 1) * increment_block_bytes;
    const auto stop = std::min({end, block_end, at + std::uint64_t{most_words} * 4});
    out.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>((stop - at) / 4)});
    at = stop;
  }
  return out;
}

bool is_dpidr(std::uint32_t value) { return (value & 1) != 0 && (value & 0xffe) != 0; }

}  // namespace hilltop::drivers::adi
