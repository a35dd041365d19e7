// SPDX-License-Identifier: Apache-2.0
#include "web/cli/lab_text.hpp"

#include <gtest/gtest.h>

#include "drivers/core/node.hpp"

namespace hilltop::cli {
namespace {

constexpr const char* stanza = "  new-01:\n    type: t\n    console: {driver: tty}\n";

TEST(LabText, ABoardGoesBehindTheLastOneAndCommentsStay) {
  const auto text = with_board(
      "# ours\nlab: l\nboards:\n  a:\n    type: x  # old\n\n  # spare\n\nartifacts:\n  allow_hosts: []\n", stanza);
  ASSERT_TRUE(text) << text.error().text;
  EXPECT_EQ(*text,
            "# ours\nlab: l\nboards:\n  a:\n    type: x  # old\n  new-01:\n    type: t\n    console: {driver: tty}\n\n"
            "  # spare\n\nartifacts:\n  allow_hosts: []\n");
}

TEST(LabText, TheFilesOwnIndentationIsKept) {
  const auto text = with_board("lab: l\nboards:\n    a:\n        type: x\n", stanza);
  ASSERT_TRUE(text);
  Diagnostics none;
  const auto node = read_yaml(*text, "lab.yaml", none);
  EXPECT_EQ(none.to_string(), "");
  EXPECT_EQ(node["boards"]["new-01"]["type"].text(), "t");
  EXPECT_EQ(node["boards"]["a"]["type"].text(), "x");
}

TEST(LabText, AnEmptyLabGetsItsFirstBoard) {
  for (const char* lab : {"lab: l\nboards: {}\n", "lab: l\nboards:\n", "lab: l\nboards:  # none yet\n", "boards: {}"}) {
    const auto text = with_board(lab, stanza);
    ASSERT_TRUE(text) << lab;
    Diagnostics none;
    EXPECT_EQ(read_yaml(*text, "lab.yaml", none)["boards"]["new-01"]["console"]["driver"].text(), "tty") << *text;
  }
}

TEST(LabText, BoardsInOneLineAreRefused) {
  const auto text = with_board("lab: l\nboards: {a: {type: x}}\n", stanza);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().blame, Blame::configuration);
  EXPECT_FALSE(with_board("lab: l\n", stanza));
}

TEST(LabText, TheStanzasNameIsFound) {
  EXPECT_EQ(board_in(stanza), "new-01");
  EXPECT_EQ(board_in("# a comment\n"), "");
}

}  // namespace
}  // namespace hilltop::cli
