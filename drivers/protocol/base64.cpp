// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/base64.hpp"

#include <array>
#include <cstdint>

namespace hilltop::drivers {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 0xff;

constexpr auto digits = [] {
  std::array<std::uint8_t, 256> out{};
  out.fill(no_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    out[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return out;
}();

/// Four characters into one to three bytes.
bool decode_group(std::string_view group, std::string& out) {
  const std::size_t padding = group[3] != '=' ? 0 : group[2] != '=' ? 1 : 2;
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto digit = i < 4 - padding ? digits[static_cast<std::uint8_t>(group[i])] : std::uint8_t{0};
    if (digit == no_digit) return false;
    bits = bits << 6 | digit;
  }
  for (std::size_t i = 0; i < 3 - padding; ++i) out += static_cast<char>(bits >> (16 - 8 * i) & 0xff);
  return true;
}

}  // namespace

bool is_base64(char c) { return c == '=' || digits[static_cast<std::uint8_t>(c)] != no_digit; }

std::string base64_encoded(std::string_view bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const auto count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) bits = bits << 8 | (i < count ? static_cast<std::uint8_t>(bytes[at + i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) out += i <= count ? alphabet[bits >> (18 - 6 * i) & 0x3f] : '=';
  }
  return out;
}

std::optional<std::string> base64_decoded(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t at = 0; at < text.size(); at += 4)
    if (!decode_group(text.substr(at, 4), out)) return std::nullopt;
  return out;
}

}  // namespace hilltop::drivers
