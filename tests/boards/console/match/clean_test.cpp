// SPDX-License-Identifier: Apache-2.0
#include "boards/console/match/clean.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>

#include "drivers/core/process.hpp"
#include "tests/boards/console/match/random_console.hpp"

namespace hilltop::boards {
namespace {

using testing::ElementsAre;

struct Line {
  std::string text;
  std::uint64_t raw;
  std::vector<std::uint64_t> offsets;  // of each byte of text
  bool operator==(const Line&) const = default;
};
void PrintTo(const Line& line, std::ostream* out) {
  *out << testing::PrintToString(line.text) << " at " << line.raw << " " << testing::PrintToString(line.offsets);
}

void take(const CleanBlock& block, std::vector<Line>& out) {
  for (std::size_t i = 0; i < block.lines().size(); ++i) {
    Line line{std::string(block.line(i)), block.lines()[i].raw, {}};
    for (std::uint32_t at = block.begin(i); at < block.lines()[i].end; ++at)
      line.offsets.push_back(block.raw_at(i, at));
    out.push_back(std::move(line));
    EXPECT_EQ(block.text()[block.lines()[i].end], '\n');
  }
  if (!block.empty()) EXPECT_EQ(block.text().begin()[-1], '\n');
}

template <class Any>
std::vector<Line> clean(std::string_view bytes, std::size_t chunk, std::uint64_t start = 0,
                        std::size_t chunks_a_block = 3) {
  Any cleaner(start);
  CleanBlock block;
  std::vector<Line> out;
  std::size_t fed = 0;
  for (std::size_t at = 0; at < bytes.size(); at += chunk) {
    cleaner.feed(bytes.substr(at, chunk), block);
    if (++fed % chunks_a_block != 0) continue;
    take(block, out);
    block.clear();
  }
  cleaner.end(block, start + bytes.size());
  take(block, out);
  return out;
}

std::vector<std::string> texts(std::string_view bytes) {
  std::vector<std::string> out;
  for (const auto& line : clean<Cleaner>(bytes, 4096)) out.push_back(line.text);
  return out;
}

TEST(Cleaner, knows_line_ends) {
  EXPECT_THAT(texts("a\nb\r\nc\rd\r\r\n\ne\n\r\n"), ElementsAre("a", "b", "c", "d", "", "e", ""));
  EXPECT_THAT(texts(std::string_view("a\r\0\nb", 5)), ElementsAre("a", "b"));
}

TEST(Cleaner, takes_out_what_is_for_a_terminal) {
  EXPECT_THAT(texts("\x1b[1;31mred\x1b[0m \x1b(B\x1b=x\x1b]0;a title\a\x1b]8;;\x1b\\y\x1bPq#\x1b\\z"),
              ElementsAre("red xyz"));
  EXPECT_THAT(texts("\x1b[12;\nnext\x1b]title\r\nlast\x1b"), ElementsAre("", "next", "last"));
  EXPECT_THAT(texts("a\x1b[3\x1b[1mb\x1b[3\x07"
                    "c"),
              ElementsAre("ab\a"
                          "c"));
  EXPECT_THAT(texts(std::string_view("a\0b\0\0c", 6)), ElementsAre("abc"));
}

TEST(Cleaner, a_sequence_that_does_not_end_gives_up_its_text) {
  EXPECT_EQ(texts("\x1b[" + std::string(300, '1')).at(0).size(), 44U);
  EXPECT_EQ(texts("\x1b]" + std::string(5'000, 'x')).at(0).size(), 904U);
}

TEST(Cleaner, mends_utf8_as_unicode_says) {
  EXPECT_THAT(texts("gr\xc3\xbc\xc3 \xe2\x9c\x93\xe2\x9c!\xf0\x9f\x98\x80\xff\xed\xa0\x80"),
              ElementsAre("grü\ufffd ✓\ufffd!😀\ufffd\ufffd\ufffd\ufffd"));
  EXPECT_THAT(texts("\xe2\x9c\n\x93"), ElementsAre("\ufffd", "\ufffd"));
}

TEST(Cleaner, says_where_each_byte_came_from) {
  const auto lines = clean<Cleaner>(
      "\x1b[1mab\x1b[0mc\r\n\xff"
      "d\0e\n\x1b[K",
      100, 1'000);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].raw, 1'000U);
  EXPECT_THAT(lines[0].offsets, ElementsAre(1'004, 1'005, 1'010));
  EXPECT_EQ(lines[1].raw, 1'013U);
  EXPECT_EQ(lines[1].offsets[3], 1'014U);
}

TEST(Cleaner, gives_the_same_as_the_plain_loop_at_any_size_of_chunks) {
  for (const std::uint64_t seed : {1, 2, 3, 4, 5, 6}) {
    RandomConsole console(seed, seed * 15);
    const auto bytes = console.bytes(30'000);
    const auto expected = clean<ScalarCleaner>(bytes, bytes.size(), 7);
    ASSERT_GT(expected.size(), 100U);
    for (const std::size_t chunk : {1UL, 2UL, 7UL, 63UL, 64UL, 65UL, 300UL, 4'096UL, 65'536UL}) {
      const auto vector = clean<Cleaner>(bytes, chunk, 7);
      const auto scalar = clean<ScalarCleaner>(bytes, chunk, 7);
      ASSERT_EQ(vector.size(), expected.size()) << chunk << " seed " << seed;
      ASSERT_EQ(scalar.size(), expected.size()) << chunk << " seed " << seed;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ(vector[i], expected[i]) << chunk << " seed " << seed << " line " << i;
        ASSERT_EQ(scalar[i], expected[i]) << chunk << " seed " << seed << " line " << i;
      }
    }
  }
}

// Each pair, triple and quadruple of bytes at which a rule of UTF-8 begins or ends, at each place of a vector.
TEST(Cleaner, knows_well_formed_utf8_at_each_place_as_the_plain_loop_does) {
  constexpr unsigned char edges[] = {0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF,
                                     0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF};
  std::string bytes;
  std::size_t place = 0;
  for (const auto a : edges) {
    for (const auto b : edges) {
      for (const auto c : edges) {
        bytes.append(++place % 67, 'x');
        for (const auto byte : {a, b, c}) bytes += static_cast<char>(byte);
        if (a >= 0xF0) bytes += '\x80';
        bytes += "\xe4\xb8\xad\n";
      }
    }
  }
  const auto expected = clean<ScalarCleaner>(bytes, bytes.size());
  for (const std::size_t chunk : {64UL, 1'000UL, bytes.size()})
    EXPECT_TRUE(clean<Cleaner>(bytes, chunk) == expected) << chunk;
}

TEST(Cleaner, counts_the_nuls_that_go) {
  RandomConsole console(3);
  const auto bytes = console.bytes(50'000) + std::string("a\0\0b\x1b]0;\0\a", 9);
  ScalarCleaner plain;
  CleanBlock block;
  plain.feed(bytes, block);
  ASSERT_GT(plain.nuls(), 10U);
  ASSERT_LE(plain.nuls(), static_cast<std::uint64_t>(std::ranges::count(bytes, '\0')));
  for (const std::size_t chunk : {1UL, 7UL, 64UL, 300UL, bytes.size()}) {
    Cleaner cleaner;
    for (std::size_t at = 0; at < bytes.size(); at += chunk) {
      block.clear();
      cleaner.feed(std::string_view(bytes).substr(at, chunk), block);
    }
    EXPECT_EQ(cleaner.nuls(), plain.nuls()) << chunk;
  }
}

TEST(Cleaner, text_stands_where_its_offsets_say) {
  RandomConsole console(99);
  const auto bytes = console.bytes(200'000);
  std::size_t compared = 0;
  for (const auto& line : clean<Cleaner>(bytes, 997)) {
    for (std::size_t i = 0; i < line.text.size(); ++i) {
      if (line.text[i] != bytes.at(line.offsets[i])) {
        EXPECT_LT(line.text[i], 0) << "only U+FFFD stands for other bytes";
        continue;
      }
      ++compared;
      if (i > 0 && line.text[i] >= 0) EXPECT_GT(line.offsets[i], line.offsets[i - 1]);
    }
    if (!line.offsets.empty()) EXPECT_GE(line.offsets[0], line.raw);
  }
  EXPECT_GT(compared, 100'000U);
}

TEST(Cleaner, long_lines_come_in_pieces_the_same_at_any_size_of_chunks) {
  const auto bytes = "begin\r\n" + std::string(max_line_bytes, 'x') + "\n" + std::string(max_line_bytes - 1, 'y') +
                     "\xc3\xbc" + std::string(140'000, 'z') + "\x1b[m\r\nend";
  const auto expected = clean<ScalarCleaner>(bytes, bytes.size());
  std::vector<std::size_t> sizes;
  for (const auto& line : expected) sizes.push_back(line.text.size());
  EXPECT_THAT(sizes, ElementsAre(5, 65'536, 65'535, 65'536, 65'536, 8'930, 3));
  for (const std::size_t chunk : {7UL, 64UL, 300UL, 65'536UL})
    EXPECT_TRUE(clean<Cleaner>(bytes, chunk) == expected) << chunk;
}

TEST(Cleaner, bombs_cost_bounded_memory) {
  for (const std::string_view bomb : {"\x1b[1m", "\x1b]0;x", "\x1b", "x", "\x1b[1mx", "\xff", "\xe2\x9c"}) {
    std::string chunk;
    while (chunk.size() < 16'384) chunk += bomb;
    Cleaner cleaner;
    CleanBlock block;
    std::size_t most_cuts = 0;
    std::size_t most_text = 0;
    for (int i = 0; i < 200; ++i) {
      cleaner.feed(chunk, block);
      most_cuts = std::max(most_cuts, block.cuts().size());
      most_text = std::max(most_text, block.text().size());
      block.clear();
    }
    cleaner.peek(block);
    EXPECT_LE(block.cuts().size(), 2 * max_line_bytes) << bomb;
    EXPECT_LE(block.text().size(), max_line_bytes + 1) << bomb;
    EXPECT_LE(most_text, 3 * max_line_bytes) << bomb;
    EXPECT_LE(most_cuts, 3 * max_line_bytes) << bomb;
  }
}

TEST(Cleaner, shows_the_line_that_has_not_ended) {
  Cleaner cleaner(5);
  CleanBlock block;
  cleaner.feed("one\r\n\x1b[1mlogin:\x1b[0m ", block);
  EXPECT_EQ(block.text(), "one\n");
  cleaner.peek(block);
  EXPECT_EQ(block.text(), "one\nlogin: \n");
  EXPECT_EQ(block.lines()[1].raw, 10U);
  EXPECT_EQ(block.raw_at(1, block.begin(1)), 14U);
  EXPECT_EQ(cleaner.line_begin(), 10U);
  block.clear();
  cleaner.feed("root\n", block);
  EXPECT_EQ(block.text(), "login: root\n");
}

Task<> keep(Task<ToolOutput> task, std::optional<Result<ToolOutput>>* out) {
  out->emplace(co_await std::move(task));
  co_return ok();
}

// Python: its errors='replace' substitutes maximal subparts as well.
TEST(Cleaner, mends_utf8_as_python_does) {
  std::mt19937 random(3);
  std::string bytes;
  while (bytes.size() < 20'000) {
    static constexpr std::string_view pool = "a\x80\x8f\x90\x9f\xa0\xbf\xc2\xdf\xe0\xe1\xed\xef\xf0\xf1\xf4\xf5\xff ";
    bytes += pool[random() % pool.size()];
  }
  std::string hex;
  for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  asio::io_context io;
  std::string said;
  std::optional<Result<ToolOutput>> ended;
  TaskScope scope(io.get_executor(), "python");
  const auto script =
      "import sys; sys.stdout.buffer.write(bytes.fromhex('" + hex + "').decode('utf-8', 'replace').encode())";
  scope.spawn("run", keep(run_tool_checked(Command({"/usr/bin/python3", "-c", script}), Deadline::after(60s),
                                           [&](std::string_view text) { said += text; }),
                          &ended));
  while (!ended && io.run_one() > 0) {
  }
  ASSERT_TRUE(ended && *ended) << ended->error().text;
  EXPECT_EQ(texts(bytes).at(0), said);
}

}  // namespace
}  // namespace hilltop::boards
