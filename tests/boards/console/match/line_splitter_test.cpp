// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <random>

#include "boards/console/match/line_splitter.hpp"

namespace hilltop::boards {
namespace {

using Lines = std::vector<std::pair<std::string, std::uint64_t>>;

Lines split(std::string_view text, std::size_t chunk, std::size_t limit, std::uint64_t start = 0) {
  Lines out;
  LineSplitter splitter(limit);
  splitter.restart_at(start);
  for (std::size_t at = 0; at < text.size(); at += chunk)
    splitter.feed(text.substr(at, chunk),
                  [&](std::string_view line, std::uint64_t offset) { out.emplace_back(line, offset); });
  out.emplace_back("rest: " + std::string(splitter.rest()), 0);
  return out;
}

TEST(LineSplitter, knows_three_line_ends) {
  EXPECT_THAT(split("a\nbc\r\nd\re\r\r\nf", 100, 100, 10),
              testing::ElementsAre(std::pair("a", 10U), std::pair("bc", 12U), std::pair("d", 16U), std::pair("e", 18U),
                                   std::pair("", 20U), std::pair("rest: f", 0U)));
}

TEST(LineSplitter, hands_a_long_line_on_in_pieces) {
  EXPECT_THAT(split("abcdefgh\nabcd\nx", 100, 4),
              testing::ElementsAre(std::pair("abcd", 0U), std::pair("efgh", 4U), std::pair("abcd", 9U),
                                   std::pair("rest: x", 0U)));
}

TEST(LineSplitter, gives_the_same_lines_at_any_chunk_size) {
  std::mt19937 random(4);
  std::string text;
  while (text.size() < 20'000) text += std::string_view("ab\n\r\0\xff c\r\n", 11)[random() % 11];
  text += std::string(500, 'x') + "\r";
  for (const std::size_t limit : {1UL, 3UL, 64UL, 65'536UL}) {
    const auto whole = split(text, text.size(), limit);
    for (const std::size_t chunk : {1UL, 2UL, 7UL, 64UL, 300UL, 4'096UL})
      EXPECT_EQ(split(text, chunk, limit), whole) << chunk << " " << limit;
  }
}

TEST(LineSplitter, ten_megabytes_without_a_newline_are_bounded) {
  LineSplitter splitter;
  const std::string chunk(4'096, 'x');
  std::size_t lines = 0;
  for (int i = 0; i < 2'560; ++i) {
    splitter.feed(chunk, [&](std::string_view line, std::uint64_t) {
      EXPECT_LE(line.size(), 65'536U);
      ++lines;
    });
    EXPECT_LE(splitter.rest().size(), 65'536U);
  }
  EXPECT_EQ(lines, 159U);
}

}  // namespace
}  // namespace hilltop::boards
