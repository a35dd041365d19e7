// SPDX-License-Identifier: Apache-2.0
#include "boards/console/match/matcher.hpp"

#include <gmock/gmock.h>

#include "drivers/core/deadline.hpp"
#include "tests/boards/console/match/match_oracle.hpp"
#include "tests/boards/console/match/random_console.hpp"
#include "tests/boards/console/match/random_pattern.hpp"

namespace hilltop::boards {
namespace {

using test::expected_matches;
using test::matches;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<PatternSpec> specs(std::vector<std::string> patterns) {
  std::vector<PatternSpec> out;
  for (auto& pattern : patterns) out.push_back({.pattern = std::move(pattern)});
  return out;
}

/// "pattern:text" of each match in one block.
std::vector<std::string> found(const std::vector<PatternSpec>& patterns, std::string_view bytes) {
  const auto matcher = Matcher::compile(patterns).value();
  Cleaner cleaner;
  CleanBlock block;
  cleaner.feed(bytes, block);
  cleaner.end(block, bytes.size());
  Scanner scanner;
  MatchWorkspace workspace;
  std::vector<LineMatch> out;
  scanner.scan(*matcher, block, workspace, out);
  std::vector<std::string> texts;
  for (const auto& match : out)
    texts.push_back(
        std::to_string(match.pattern) + ":" +
        (match.gave_up ? "gave up" : std::string(block.text().substr(match.begin, match.end - match.begin))));
  return texts;
}

TEST(Matcher, finds_all_matches_of_all_patterns_in_each_line) {
  EXPECT_THAT(
      found(specs({"panic", "Kernel (\\w+)", "^BUG", "\\d+$", "(?i)OOPS"}),
            "Kernel panic\r\nx BUG oops 12\nBUG: Oops panic panic 7\n"),
      ElementsAre("0:panic", "1:Kernel panic", "3:12", "4:oops", "0:panic", "0:panic", "2:BUG", "3:7", "4:Oops"));
}

TEST(Matcher, a_line_is_a_text_of_its_own) {
  EXPECT_THAT(found(specs({"a.b", "end$", "^begin", "x\\n", "a\\s+b"}), "a\nb\nbegin\nend\nx\n"),
              ElementsAre("2:begin", "1:end"));
}

TEST(Matcher, sees_through_colours_and_says_where_in_the_raw_bytes) {
  const auto matcher = Matcher::compile(specs({"ZEPHYR FATAL"})).value();
  const std::string bytes = "\x1b[1;31mE: >>> ZEPHYR \x1b[1mFATAL\x1b[0m ERROR\r\n";
  const auto seen = matches(*matcher, bytes, [] { return 5; });
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(bytes.substr(seen[0].begin, seen[0].end - seen[0].begin), "ZEPHYR \x1b[1mFATAL");
}

TEST(Matcher, says_which_patterns_have_no_literal_and_finds_them_all_the_same) {
  const auto patterns = specs({"panic", "\\d+ms", "[a-z]*", "a|\\d", "\\w+@\\w+", "x{3}"});
  const auto matcher = Matcher::compile(patterns).value();
  std::vector<std::size_t> slow;
  for (const auto& one : matcher->slow()) slow.push_back(one.pattern);
  EXPECT_THAT(slow, ElementsAre(2, 3));
  EXPECT_THAT(matcher->slow()[0].why, HasSubstr("empty"));
  EXPECT_THAT(matcher->literals(0), ElementsAre("panic"));
  EXPECT_THAT(found(patterns, "12ms a@b\n"),
              ElementsAre("1:12ms", "2:", "2:", "2:ms", "2:", "2:a", "2:", "2:b", "2:", "3:1", "3:2", "3:a", "4:a@b"));
}

TEST(Matcher, text_after_time_stamps_begins_behind_them) {
  const auto patterns = std::vector<PatternSpec>{{.pattern = "^Oops|12", .after_stamps = true}, {.pattern = "^Oops"}};
  EXPECT_THAT(found(patterns, "[   12.345678] Oops\nOops 12\n[ 1.0][ T12] x\n"),
              ElementsAre("0:Oops", "0:Oops", "0:12", "1:Oops"));
}

TEST(Matcher, a_window_spans_lines_and_finds_each_match_once) {
  const std::vector<PatternSpec> patterns{{.pattern = "begin.*?end", .window = 3}, {.pattern = "one"}};
  const auto matcher = Matcher::compile(patterns).value();
  const std::string bytes = "begin\nx end begin\nend\nbegin\na\nb\nend\none begin end\n";
  std::vector<std::string> texts;
  for (const auto& seen : matches(*matcher, bytes, [] { return 4; }))
    texts.push_back(std::to_string(seen.pattern) + ":" + bytes.substr(seen.begin, seen.end - seen.begin));
  EXPECT_THAT(texts, ElementsAre("0:begin\nx end", "0:begin\nend", "0:begin end", "1:one"));
}

TEST(Matcher, refuses_what_is_no_pattern) {
  EXPECT_THAT(Matcher::compile(specs({"fine", "(a"})).error().text, HasSubstr("missing )"));
  EXPECT_THAT(Matcher::compile({{.pattern = "a", .window = 65}}).error().text, HasSubstr("1 to 64 lines"));
  EXPECT_THAT(Matcher::compile({{.pattern = "a", .window = 0}}).error().text, HasSubstr("1 to 64 lines"));
}

TEST(Matcher, a_pattern_made_to_backtrack_is_said_for_that_line_and_costs_bounded_time) {
  const auto begun = Deadline::after(20s);
  const auto evil = std::string(60'000, 'a') + "!";
  const auto patterns = specs({"(a+)+$", "(?:a|aa)+$", "stop", "(x+x+)+[yz]"});
  EXPECT_THAT(found(patterns, "stop\n" + evil + "\nstop " + std::string(40, 'x') + "\n"),
              ElementsAre("2:stop", "0:gave up", "1:gave up", "2:stop", "3:gave up"));
  EXPECT_FALSE(begun.passed());
}

TEST(Matcher, a_pattern_that_always_costs_too_much_is_not_tried_for_ever) {
  const auto begun = Deadline::after(20s);
  std::string bytes;
  for (int i = 0; i < 500; ++i) bytes += std::string(400, 'a') + "! stop\n";
  const auto seen = found(specs({"(a|aa)+$", "stop"}), bytes);
  EXPECT_EQ(seen.size(), 1'000U);
  EXPECT_EQ(std::ranges::count(seen, "0:gave up"), 500);
  EXPECT_FALSE(begun.passed());
}

TEST(Matcher, a_thousand_patterns_find_what_each_alone_finds) {
  std::vector<std::string> patterns;
  std::string bytes;
  std::mt19937 random(5);
  for (int i = 0; i < 1'000; ++i) {
    patterns.push_back("root@board-" + std::to_string(i) + ":~# $");
    if (i % 3 == 0) patterns.back() = "(?i)" + patterns.back();
    if (i % 7 == 0) bytes += "noise " + std::to_string(random()) + " root@board-" + std::to_string(i) + ":~# \r\n";
    if (i % 11 == 0) bytes += "ROOT@BOARD-" + std::to_string(i) + ":~# \n";
  }
  for (int i = 0; i < 200; ++i) {
    std::string word;
    for (int n = 0; n < 6; ++n) word += static_cast<char>('a' + random() % 26);
    patterns.push_back(word + "\\d");
    bytes += "some " + word + std::to_string(i) + "\n";
  }
  const auto all = specs(patterns);
  const auto matcher = Matcher::compile(all).value();
  EXPECT_THAT(matcher->slow(), IsEmpty());
  const auto seen = matches(*matcher, bytes, [] { return 300; });
  EXPECT_GE(seen.size(), 350U);
  EXPECT_EQ(seen, expected_matches(all, bytes));
}

// The oracle: PCRE2, all matches, line by line, on random patterns and consoles, at each size of chunks.
TEST(MatcherOracle, agrees_with_pcre2_at_any_size_of_chunks) {
  std::size_t total = 0;
  std::size_t filtered = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    RandomPattern generate(seed);
    std::vector<PatternSpec> patterns;
    while (patterns.size() < 12) {
      PatternSpec spec{.pattern = generate.pattern(),
                       .window = generate.below(8) == 0 ? 2 + static_cast<std::uint32_t>(generate.below(4)) : 1,
                       .after_stamps = generate.below(5) == 0};
      if (spec.window > 1) spec.after_stamps = false;
      if (Matcher::compile({spec})) patterns.push_back(std::move(spec));
    }
    const auto matcher = Matcher::compile(patterns).value();
    filtered += patterns.size() - matcher->slow().size();
    RandomConsole console(seed, seed % 5 * 12);
    const auto bytes = console.bytes(4'000);
    auto expected = expected_matches(patterns, bytes);
    total += expected.size();
    for (const std::size_t chunk : {1UL, 7UL, 64UL, 300UL, 4'096UL, 65'536UL, 0UL}) {
      std::mt19937 random(seed);
      const auto got = matches(*matcher, bytes, [&] { return chunk == 0 ? random() % 500 : chunk; });
      if (got == expected) continue;
      const auto differ = std::ranges::mismatch(got, expected);
      const auto& first = differ.in1 == got.end() ? *differ.in2 : *differ.in1;
      FAIL() << "seed " << seed << " chunk " << chunk << ": " << got.size() << " of " << expected.size() << ", from "
             << first << " '" << patterns[first.pattern].pattern << "' window " << patterns[first.pattern].window
             << " stamps " << patterns[first.pattern].after_stamps << " filter "
             << testing::PrintToString(matcher->literals(first.pattern))
             << (differ.in2 == expected.end() ? "; nothing expected" : "; expected ")
             << (differ.in2 == expected.end() ? first : *differ.in2);
    }
  }
  EXPECT_GT(total, 20'000U);
  EXPECT_GT(filtered, 200U);
}

}  // namespace
}  // namespace hilltop::boards
