// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace hilltop::boards {

/// The bytes that may stand at one place of a text.
class ByteSet {
 public:
  constexpr ByteSet() = default;
  static constexpr ByteSet of(unsigned char byte) {
    ByteSet out;
    out.add(byte);
    return out;
  }
  static constexpr ByteSet any() { return ~ByteSet(); }

  constexpr void add(unsigned char byte) { bits_[byte / 64] |= 1ULL << byte % 64; }
  constexpr void add(unsigned char first, unsigned char last) {
    for (unsigned byte = first; byte <= last; ++byte) add(static_cast<unsigned char>(byte));
  }
  constexpr void remove(unsigned char byte) { bits_[byte / 64] &= ~(1ULL << byte % 64); }
  [[nodiscard]] constexpr bool has(unsigned char byte) const { return (bits_[byte / 64] >> byte % 64 & 1) != 0; }
  [[nodiscard]] constexpr bool is_within(unsigned char first, unsigned char last) const {
    ByteSet range;
    range.add(first, last);
    for (std::size_t i = 0; i < bits_.size(); ++i)
      if ((bits_[i] & ~range.bits_[i]) != 0) return false;
    return true;
  }
  template <class F>
  constexpr void for_each(F&& take) const {
    for (std::size_t i = 0; i < bits_.size(); ++i)
      for (auto left = bits_[i]; left != 0; left &= left - 1)
        take(static_cast<unsigned char>(i * 64 + static_cast<unsigned>(std::countr_zero(left))));
  }
  [[nodiscard]] constexpr unsigned size() const {
    unsigned out = 0;
    for (const auto word : bits_) out += static_cast<unsigned>(std::popcount(word));
    return out;
  }
  constexpr ByteSet operator~() const {
    ByteSet out;
    for (std::size_t i = 0; i < bits_.size(); ++i) out.bits_[i] = ~bits_[i];
    return out;
  }
  constexpr ByteSet& operator|=(const ByteSet& other) {
    for (std::size_t i = 0; i < bits_.size(); ++i) bits_[i] |= other.bits_[i];
    return *this;
  }
  /// With the other case of each letter.
  [[nodiscard]] constexpr ByteSet any_case() const {
    ByteSet out = *this;
    for (unsigned char c = 'a'; c <= 'z'; ++c) {
      if (has(c)) out.add(static_cast<unsigned char>(c - 0x20));
      if (has(static_cast<unsigned char>(c - 0x20))) out.add(c);
    }
    return out;
  }
  constexpr bool operator==(const ByteSet&) const = default;

  /// The bits that all members agree on, and what they are: (byte & mask) == value holds for each member.
  struct Masked {
    std::uint8_t mask = 0, value = 0;
  };
  [[nodiscard]] constexpr Masked masked() const {
    std::uint8_t ones = 0xFF;
    std::uint8_t zeros = 0xFF;
    for_each([&](unsigned char byte) {
      ones &= byte;
      zeros &= static_cast<std::uint8_t>(~byte);
    });
    return {static_cast<std::uint8_t>(ones | zeros), ones};
  }
  /// Whether (byte & mask) == value holds for members alone.
  [[nodiscard]] constexpr bool is_masked() const { return size() == 1U << (8 - std::popcount(masked().mask)); }

 private:
  std::array<std::uint64_t, 4> bits_{};
};

}  // namespace hilltop::boards
