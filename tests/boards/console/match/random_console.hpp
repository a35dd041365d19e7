// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <random>
#include <string>
#include <string_view>

namespace hilltop::boards {

/// Console bytes of every kind, seeded: log lines, colours, prompts, progress bars, UTF-8, strings for the terminal,
/// sequences that are cut short, noise. `oddness`: of 100 pieces, how many are not plain log lines.
class RandomConsole {
 public:
  explicit RandomConsole(std::uint64_t seed, std::size_t oddness = 50) : random_(seed), oddness_(oddness) {}

  std::string bytes(std::size_t at_least) {
    std::string out;
    while (out.size() < at_least) out += below(100) < oddness_ ? odd() : line();
    return out;
  }
  std::size_t below(std::size_t n) { return random_() % n; }

 private:
  std::string digits(std::size_t n) {
    std::string out;
    while (out.size() < n) out += static_cast<char>('0' + below(10));
    return out;
  }
  std::string words() {
    static constexpr std::string_view some[] = {"usb 1-1: new high-speed",
                                                "Kernel panic - not syncing",
                                                "BUG: ",
                                                "eth0",
                                                "<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=",
                                                "PASS",
                                                "U-Boot 2023.01",
                                                " ",
                                                "root@board-",
                                                ":~# ",
                                                "WARNING: CPU: 1 PID: ",
                                                "oops",
                                                "=> ",
                                                "login: "};
    std::string out;
    for (auto n = below(5); n > 0; --n) out += std::string(some[below(std::size(some))]) + (below(2) ? digits(2) : " ");
    return out;
  }
  std::string line() {
    static constexpr std::string_view ends[] = {"\r\n", "\r\n", "\n", "\r\r\n", "\r"};
    return "[    " + digits(1) + "." + digits(6) + "] " + words() + std::string(ends[below(std::size(ends))]);
  }
  /// Characters of two, three and four bytes, those at the ends of each range among them.
  std::string foreign(std::size_t characters) {
    static constexpr std::string_view some[] = {"\xc2\x80",
                                                "\xdf\xbf",
                                                "\xc3\xbc",
                                                "\xe0\xa0\x80",
                                                "\xe4\xb8\xad",
                                                "\xe6\x96\x87",
                                                "\xed\x9f\xbf",
                                                "\xee\x80\x80",
                                                "\xef\xbf\xbf",
                                                "\xf0\x90\x80\x80",
                                                "\xf0\x9f\x98\x80",
                                                "\xf4\x8f\xbf\xbf",
                                                "\xf3\xbf\xbf\xbf",
                                                " ",
                                                "a"};
    std::string out;
    for (; characters > 0; --characters) out += some[below(std::size(some))];
    return out;
  }
  std::string odd() {
    static constexpr std::string_view some[] = {"\x1b[1;31m",
                                                "\x1b[0m",
                                                "\x1b[K",
                                                "\x1b[?2004h",
                                                "\x1b",
                                                "\x1b[",
                                                "\x1b[12;",
                                                "\x1b[1\x1b[m",
                                                "\x1b(B",
                                                "\x1b=",
                                                "\x1bM",
                                                "\x1b]0;title\a",
                                                "\x1b]0;title\x1b\\",
                                                "\x1b]8;;http://x",
                                                "\x1bP1$r",
                                                "\x1b\x1b",
                                                "\x1b \x1b",
                                                "\xc3\xbc",
                                                "\xe2\x9c\x93",
                                                "\xf0\x9f\x98\x80",
                                                "\xc3",
                                                "\xe2\x9c",
                                                "\xed\xa0\x80",
                                                "\xf4\x90\x80\x80",
                                                "\xc0\xaf",
                                                "\xff\xfe",
                                                "\x80",
                                                "\t",
                                                "\b \b",
                                                "\a",
                                                "\x7f",
                                                "\r",
                                                "\n",
                                                "\n\n",
                                                "\r\n\r\n",
                                                "\r\r\r\n",
                                                "\x1b\n",
                                                "\x1b[\r\n",
                                                "\x1b]x\ny",
                                                "\x1b[31",
                                                "m"};
    switch (below(14)) {
      case 6:
        return foreign(below(40));
      case 7: {  // one byte of it is lost, or another one
        auto text = foreign(1 + below(20));
        const auto at = below(text.size());
        if (below(2) == 0)
          text.erase(at, 1);
        else
          text[at] = static_cast<char>(random_());
        return text;
      }
      case 0:
        return std::string(1 + below(4), '\0');
      case 1:
        return std::string("\r\0\n", 3);
      case 2: {
        std::string noise;
        for (auto n = below(20); n > 0; --n) noise += static_cast<char>(random_());
        return noise;
      }
      case 3:
        return std::string(below(300), 'x');
      case 4:
        return "\x1b[" + digits(below(90)) + (below(2) ? "m" : "");
      case 5:
        return words();
      default:
        return std::string(some[below(std::size(some))]);
    }
  }
  std::mt19937_64 random_;
  std::size_t oddness_;
};

}  // namespace hilltop::boards
