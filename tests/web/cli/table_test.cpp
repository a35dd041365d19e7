// SPDX-License-Identifier: Apache-2.0
#include "web/cli/table.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace hilltop::cli {
namespace {

TEST(Table, is_as_wide_as_its_content_without_a_terminal) {
  Table table({{"ID", true}, {"NAME"}});
  table.add({"7", "short"});
  table.add({"1234", "a name that is rather long for a table"});
  EXPECT_EQ(table.to_text(Table::unlimited, false),
            "  ID  NAME\n"
            "   7  short\n"
            "1234  a name that is rather long for a table\n");
}

TEST(Table, cuts_the_widest_column_and_spares_the_rigid_one) {
  Table table({{"ID", true, 2, true}, {"NAME", false, 4}, {"WHY", false, 4}});
  table.add({"123456789", "abcdefghijkl", "the quick brown fox jumps over the lazy dog"});
  const auto text = table.to_text(40, false, false);
  EXPECT_EQ(text, "123456789  abcdefghijkl  the quick brow…\n");
}

TEST(Table, never_wraps_however_narrow_the_terminal_is) {
  Table table({{"ID", true, 2, true}, {"NAME", false, 4}, {"WHY", false, 4}});
  table.add({"123456789", "abcdefghijkl", "the quick brown fox"});
  for (std::size_t width = 7; width < 60; ++width) {
    std::istringstream lines(table.to_text(width, false));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), width) << line;
  }
}

TEST(Table, colours_do_not_count_as_columns) {
  Table table({{"A"}, {"B"}});
  table.add({Cell("pass", Style::good), "x"});
  table.add({"incomplete", "y"});
  EXPECT_EQ(table.to_text(80, true, false), "\033[32mpass\033[0m        x\nincomplete  y\n");
}

TEST(Table, shows_no_escape_sequence_of_a_board) {
  Table table({{"A"}});
  table.add({"x\033]0;title\a\ny"});
  EXPECT_EQ(table.to_text(80, false, false), "x?]0;title? y\n");
}

TEST(Table, has_no_spaces_at_the_end_of_a_line) {
  Table table({{"A"}, {"B"}, {"C"}});
  table.add({"x", "", ""});
  table.add({"long one", "b", "c"});
  EXPECT_EQ(table.to_text(80, false, false), "x\nlong one  b  c\n");
}

TEST(DisplayWidth, counts_columns_and_not_bytes) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("Größe"), 5U);
  EXPECT_EQ(display_width("板"), 2U);
  EXPECT_EQ(display_width("e\xcc\x81"), 1U);  // a combining accent
}

TEST(CutTo, keeps_characters_whole) {
  EXPECT_EQ(cut_to("Größe", 5), "Größe");
  EXPECT_EQ(cut_to("Größe", 4), "Grö…");
  EXPECT_EQ(cut_to("板板板", 4), "板…");  // a second one would need the ellipsis' column
  EXPECT_EQ(cut_to("abc", 1), "…");
  EXPECT_EQ(cut_to("abc", 0), "");
}

TEST(Printable, replaces_what_could_move_the_cursor) {
  EXPECT_EQ(printable("a\tb"), "a b");
  EXPECT_EQ(printable("\x1b[2J"), "?[2J");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "?31m");  // C1's CSI
  EXPECT_EQ(printable("\xff\xfe"), "??");
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "txt"),
            "?txt");  // right-to-left override
  EXPECT_EQ(printable("Größe ✓"), "Größe ✓");
}

}  // namespace
}  // namespace hilltop::cli
