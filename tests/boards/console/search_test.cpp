// SPDX-License-Identifier: Apache-2.0
#include "boards/console/search.hpp"

#include <gmock/gmock.h>

#include "tests/boards/console/transcript_writer.hpp"

namespace hilltop::boards {
namespace {

const ConsoleKey key{"b", "main"};

struct SearchTest : testing::Test {
  std::vector<SearchHit> search(const std::string& pattern, const std::string& channel = "",
                                const std::string& decoders = "", std::uint64_t from = 0,
                                const std::vector<Rule>& rules = {}) {
    auto what = std::make_shared<SearchFor>(SearchFor::compile(pattern, rules, channel).value());
    const auto specs = decoders.empty() ? std::vector<demux::DecoderSpec>() : demux::decoders_from(decoders).value();
    auto search = TranscriptSearch::open(writer.transcript, key, from, UINT64_MAX, what, specs).value();
    std::vector<SearchHit> out;
    while (!search.done()) {
      const auto hits = search.step().value();
      out.insert(out.end(), hits.begin(), hits.end());
    }
    return out;
  }
  TemporaryFolder folder;
  test::TranscriptWriter writer{folder.path()};
};

TEST_F(SearchTest, finds_lines_in_segments_and_in_the_live_journal_with_their_times) {
  writer.say(key, "boot\r\nlog");
  writer.say(key, "in: root\n");
  writer.seal();
  writer.say(key, "\x1b[31mlogin\x1b[0m failed\n");
  writer.say(key, "nothing\nlogin: no end");
  const auto hits = search("log+in");
  ASSERT_EQ(hits.size(), 3U);
  EXPECT_EQ(hits[0].line, "login: root");
  EXPECT_EQ(hits[0].offset, 6U);
  EXPECT_EQ(hits[0].time, test::TranscriptWriter::at_ms(1)) << "of the first byte of the match";
  EXPECT_EQ(hits[1].line, "login failed");
  EXPECT_EQ(hits[1].time, test::TranscriptWriter::at_ms(3));
  EXPECT_EQ(hits[2].line, "login: no end");
  EXPECT_EQ(hits[0].channel, "text");
  EXPECT_EQ(hits[0].rule, "");
}

TEST_F(SearchTest, a_line_is_one_hit_for_each_rule) {
  writer.say(key, "[    1.5] Kernel panic - not syncing: panic panic\n");
  Rule rule;
  rule.id = "linux-panic";
  rule.pattern = "^Kernel panic";
  const auto hits = search("panic", "", "", 0, {rule});
  ASSERT_EQ(hits.size(), 2U);
  EXPECT_EQ(hits[0].rule == "linux-panic" ? hits[1].rule : hits[0].rule, "");
}

TEST_F(SearchTest, a_channel_is_searched_by_itself) {
  writer.say(key, "[    1.500000] usb: needle\n# needle in the shell\n");
  EXPECT_EQ(search("needle").size(), 2U);
  const auto kernel = search("needle", "kernel", "kernel");
  ASSERT_EQ(kernel.size(), 1U);
  EXPECT_EQ(kernel[0].channel, "kernel");
  EXPECT_EQ(kernel[0].offset, 20U);
  const auto shell = search("needle", "shell", "kernel");
  ASSERT_EQ(shell.size(), 1U);
  EXPECT_EQ(shell[0].line, "# needle in the shell");
  EXPECT_EQ(shell[0].offset, 29U);
}

TEST_F(SearchTest, begins_where_it_is_told) {
  writer.say(key, "needle 1\n");
  writer.say(key, "needle 2\n");
  const auto hits = search("needle", "", "", 9);
  ASSERT_EQ(hits.size(), 1U);
  EXPECT_EQ(hits[0].offset, 9U);
}

TEST_F(SearchTest, ten_megabytes_in_several_steps_agree_with_plain_counting) {
  std::string all;
  for (std::size_t i = 0; i < 100; ++i) {
    auto bytes = noise(100'000, i);
    std::ranges::replace(bytes, '\x1b', '.');
    bytes.replace(i * 997 % 90'000, 12, "\n needle 42\n");
    writer.say(key, bytes);
    all += bytes;
    if (i % 30 == 29) writer.seal();
  }
  const auto hits = search("needle \\d+");
  ASSERT_EQ(hits.size(), 100U);
  for (std::size_t i = 0, at = 0; i < hits.size(); ++i, ++at) {
    at = all.find("needle 42", at);
    EXPECT_EQ(hits[i].offset, at);
  }
}

TEST_F(SearchTest, a_pattern_that_is_none_is_refused) {
  EXPECT_EQ(SearchFor::compile("(", {}, "").error().blame, Blame::job);
  EXPECT_EQ(SearchFor::compile("", {}, "").error().code, Errc::bad_input);
}

}  // namespace
}  // namespace hilltop::boards
