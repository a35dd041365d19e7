// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "boards/console/match/factors.hpp"
#include "boards/console/match/printable.hpp"

namespace hilltop::boards {
namespace {

// How often each byte stands in boot logs of Linux, U-Boot, Zephyr and TF-A, per mille, rounded; the rest is rare.
constexpr std::array<double, 256> frequencies() {
  std::array<double, 256> out{};
  out.fill(0.0003);
  for (unsigned c = 0x21; c < 0x7F; ++c) out[c] = 0.0012;
  for (unsigned c = 'A'; c <= 'Z'; ++c) out[c] = 0.005;
  for (unsigned c = '2'; c <= '9'; ++c) out[c] = 0.014;
  const auto set = [&](const char* bytes, double value) {
    for (; *bytes != '\0'; ++bytes) out[static_cast<unsigned char>(*bytes)] = value;
  };
  set(" ", 0.13);
  set("0", 0.05);
  set("1", 0.025);
  set("eations", 0.045);
  set("rdlc", 0.03);
  set("ump", 0.022);
  set("fgbvhyw", 0.012);
  set("kx", 0.008);
  set("jqz", 0.003);
  set(".:[]\n", 0.019);
  set("-_/,=", 0.01);
  set("()", 0.006);
  return out;
}

// A class of many bytes is often next to its like (numbers, words): its places tell little.
constexpr unsigned few = 4;
constexpr double in_a_class = 0.6;
// So is a digit next to others.
constexpr double digit_after_digit = 0.07;

double likelihood(const ByteSet& set) {
  static constexpr auto table = frequencies();
  if (set.size() > 128) return 1;
  double out = 0;
  set.for_each([&](unsigned char byte) { out += table[byte]; });
  return set.size() > few ? std::max(out, in_a_class) : out;
}

}  // namespace

Rarity rarity(const Factor& factor, std::size_t most) {
  std::vector<double> places;
  if (factor.after_newline) places.push_back(likelihood(ByteSet::of('\n')));
  bool digit = false;
  for (const auto& set : factor.bytes) {
    const bool another = set.is_within('0', '9');
    places.push_back(digit && another ? std::max(likelihood(set), digit_after_digit) : likelihood(set));
    digit = another;
  }
  if (factor.before_newline) places.push_back(likelihood(ByteSet::of('\n')));
  Rarity best;
  for (std::size_t from = 0; from < places.size() && (from == 0 || from + most <= places.size()); ++from) {
    double all = 1;
    for (std::size_t i = from; i < std::min(places.size(), from + most); ++i) all *= places[i];
    if (all < best.per_byte) best = {all, from};
  }
  return best;
}

std::string Factor::printable() const {
  std::string out = after_newline ? "^" : "";
  for (const auto& set : bytes) {
    if (set.size() > 2) {
      out += set.size() > 128 ? "." : "[..]";
      continue;
    }
    std::string one;
    set.for_each([&](unsigned char byte) { one += static_cast<char>(byte); });
    out += one.size() == 1 ? boards::printable(one, 4) : "[" + one + "]";
  }
  return out + (before_newline ? "$" : "");
}

}  // namespace hilltop::boards
