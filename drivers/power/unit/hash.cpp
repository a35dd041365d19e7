// SPDX-License-Identifier: Apache-2.0
#include "drivers/power/unit/hash.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace hilltop::drivers::unit {
namespace {

constexpr std::size_t block_bytes = 64;

/// The message with its end mark and its length in bits, in whole blocks. Source: RFC 1321, 3.1 and 3.2; FIPS 180-4,
/// 5.1.1.
std::string padded(std::string_view bytes, bool big_endian) {
  std::string out(bytes);
  out += '\x80';
  while (out.size() % block_bytes != block_bytes - 8) out += '\0';
  const auto bits = static_cast<std::uint64_t>(bytes.size()) * 8;
  for (int i = 0; i < 8; ++i) out += static_cast<char>(bits >> (big_endian ? 56 - 8 * i : 8 * i) & 0xff);
  return out;
}

std::uint32_t word_at(std::string_view block, std::size_t index, bool big_endian) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::uint32_t byte = static_cast<unsigned char>(block[4 * index + i]);
    out |= byte << (big_endian ? 24 - 8 * i : 8 * i);
  }
  return out;
}

std::string hex(const std::uint32_t* words, std::size_t count, bool big_endian) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (std::size_t w = 0; w < count; ++w)
    for (std::size_t i = 0; i < 4; ++i) {
      const auto byte = words[w] >> (big_endian ? 24 - 8 * i : 8 * i) & 0xff;
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  return out;
}

using Md5State = std::array<std::uint32_t, 4>;

/// Source: RFC 1321, 3.4: T[i] is the integer part of 4294967296 times abs(sin(i)), i in radians.
std::array<std::uint32_t, 64> md5_table() {
  std::array<std::uint32_t, 64> out{};
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<std::uint32_t>(std::floor(4294967296.0 * std::fabs(std::sin(static_cast<double>(i + 1)))));
  return out;
}

void md5_block(Md5State& state, std::string_view block, const std::array<std::uint32_t, 64>& table) {
  constexpr int shifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  auto [a, b, c, d] = state;
  for (std::size_t i = 0; i < 64; ++i) {
    const auto round = i / 16;
    std::uint32_t mixed = c ^ (b | ~d);
    std::size_t from = 7 * i % 16;
    if (round == 0) mixed = (b & c) | (~b & d), from = i;
    if (round == 1) mixed = (d & b) | (~d & c), from = (5 * i + 1) % 16;
    if (round == 2) mixed = b ^ c ^ d, from = (3 * i + 5) % 16;
    const auto turned = std::rotl(a + mixed + table[i] + word_at(block, from, false), shifts[round][i % 4]);
    a = d;
    d = c;
    c = b;
    b += turned;
  }
  state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d};
}

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes. Source: FIPS 180-4, 4.2.2.
std::array<std::uint32_t, 64> sha256_table() {
  std::array<std::uint32_t, 64> out{};
  std::size_t found = 0;
  for (unsigned n = 2; found < out.size(); ++n) {
    bool prime = true;
    for (unsigned d = 2; d * d <= n; ++d) prime = prime && n % d != 0;
    if (!prime) continue;
    const auto root = std::cbrt(static_cast<long double>(n));
    out[found++] = static_cast<std::uint32_t>((root - std::floor(root)) * 4294967296.0L);
  }
  return out;
}

using Sha256State = std::array<std::uint32_t, 8>;

void sha256_block(Sha256State& state, std::string_view block, const std::array<std::uint32_t, 64>& table) {
  std::array<std::uint32_t, 64> w{};
  for (std::size_t t = 0; t < 16; ++t) w[t] = word_at(block, t, true);
  for (std::size_t t = 16; t < 64; ++t) {
    const auto s0 = std::rotr(w[t - 15], 7) ^ std::rotr(w[t - 15], 18) ^ w[t - 15] >> 3;
    const auto s1 = std::rotr(w[t - 2], 17) ^ std::rotr(w[t - 2], 19) ^ w[t - 2] >> 10;
    w[t] = w[t - 16] + s0 + w[t - 7] + s1;
  }
  auto [a, b, c, d, e, f, g, h] = state;
  for (std::size_t t = 0; t < 64; ++t) {
    const auto s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
    const auto t1 = h + s1 + ((e & f) ^ (~e & g)) + table[t] + w[t];
    const auto s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
    const auto t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  const std::array<std::uint32_t, 8> last{a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < state.size(); ++i) state[i] += last[i];
}

}  // namespace

std::string md5_hex(std::string_view bytes) {
  const auto table = md5_table();
  Md5State state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  const auto message = padded(bytes, false);
  for (std::size_t at = 0; at < message.size(); at += block_bytes)
    md5_block(state, std::string_view(message).substr(at, block_bytes), table);
  return hex(state.data(), state.size(), false);
}

std::string sha256_hex(std::string_view bytes) {
  const auto table = sha256_table();
  Sha256State state{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  const auto message = padded(bytes, true);
  for (std::size_t at = 0; at < message.size(); at += block_bytes)
    sha256_block(state, std::string_view(message).substr(at, block_bytes), table);
  return hex(state.data(), state.size(), true);
}

}  // namespace hilltop::drivers::unit
