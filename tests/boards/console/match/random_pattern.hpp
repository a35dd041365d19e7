// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace hilltop::boards {

/// Patterns of every kind, seeded, over words that RandomConsole says.
class RandomPattern {
 public:
  explicit RandomPattern(std::uint64_t seed) : random_(seed) {}

  std::string pattern() {
    static constexpr std::string_view flags[] = {"", "", "", "", "(?i)", "(?m)", "(?s)", "(?x)"};
    return std::string(flags[below(std::size(flags))]) + alternation(0);
  }
  std::size_t below(std::size_t n) { return random_() % n; }

 private:
  std::string alternation(int depth) {
    auto out = sequence(depth);
    for (auto n = below(6) == 0 ? 1 + below(4) : 0; n > 0; --n) out += "|" + sequence(depth);
    return out;
  }
  std::string sequence(int depth) {
    std::string out;
    for (auto n = 1 + below(4); n > 0; --n) out += element(depth);
    return out;
  }
  std::string element(int depth) {
    static constexpr std::string_view words[] = {
        "Kernel",  "panic", "not syncing", "usb 1-1", "new",  "BUG: ", "LAVA_SIGNAL_", "TEST", "PASS",
        "U-Boot ", "root@", "board-",      ":~# ",    "WARN", "CPU",   "oops",         "=> ",  "login",
        "x",       "e",     "th0",         "\\[ ",    "#",    " "};
    static constexpr std::string_view quantified[] = {"[0-9]", "\\d", "\\w",          ".",         "[a-z]",
                                                      "[^ ]",  "\\S", "[A-Z ]",       "x",         "[\\]\\[]",
                                                      "o",     "0",   "(?:ab|us|no)", "[^\\W\\d]", "\\W"};
    static constexpr std::string_view quantifiers[] = {"",   "",    "+",     "*",    "?",    "+?",
                                                       "*?", "{2}", "{1,3}", "{,2}", "{3,}", "{0}"};
    static constexpr std::string_view asserted[] = {"^",         "$",          "\\b",     "\\B",      "\\A",
                                                    "\\Z",       "(?=s)",      "(?!p)",   "(?<=l )",  "(?<!n)",
                                                    "(?= ?\\d)", "(?<=[a-z])", "(?!\\w)", "(?<!\\d)", "(?=.*PASS)"};
    switch (below(depth == 0 ? 14 : 10)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return std::string(words[below(std::size(words))]);
      case 4:
      case 5:
      case 6:
        return std::string(quantified[below(std::size(quantified))]) +
               std::string(quantifiers[below(std::size(quantifiers))]);
      case 7:
        return std::string(asserted[below(std::size(asserted))]);
      case 8:
        return below(3) == 0 ? "\\x6e" : "[Ww]";
      case 9:
        return below(6) == 0 ? "(?#note)" : " ?";
      case 10:
        return "(" + alternation(1) + ")" + std::string(quantifiers[below(std::size(quantifiers))]);
      case 11:
        return "(?:" + alternation(1) + ")";
      case 12:
        return below(2) == 0 ? "(?i:" + alternation(1) + ")" : "(?>" + alternation(1) + ")";
      default:
        return "(" + alternation(1) + ")\\1";
    }
  }
  std::mt19937_64 random_;
};

}  // namespace hilltop::boards
