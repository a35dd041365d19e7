// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "drivers/core/node.hpp"

namespace hilltop {
namespace {

std::string complaints(std::string_view text) {
  Diagnostics diagnostics;
  const auto node = read_yaml(text, "f.yaml", diagnostics);
  EXPECT_EQ(static_cast<bool>(node), !diagnostics.has_errors());
  return diagnostics.to_string();
}

TEST(Yaml, EveryValueKnowsItsPlace) {
  Diagnostics diagnostics;
  const auto root = read_yaml("a: 1\nb:\n  - x\n  - {c: é, d: 2}\n", "f.yaml", diagnostics);
  EXPECT_EQ(root["a"].place().to_string(), "f.yaml:1:4");
  EXPECT_EQ(root["b"].items()[0].place().to_string(), "f.yaml:3:5");
  EXPECT_EQ(root["b"].items()[1]["d"].place().to_string(), "f.yaml:4:15");
  EXPECT_EQ(root.entries()[1].key.place().to_string(), "f.yaml:2:1");
}

TEST(Yaml, NumbersKeepTheirText) {
  Diagnostics diagnostics;
  const auto root = read_yaml("a: 0x1F\nb: 1_000\nc: 1.50\nd: 99999999999999999999\n", "f.yaml", diagnostics);
  EXPECT_EQ(root["a"].text(), "0x1F");
  EXPECT_EQ(root["a"].as_integer(), 31);
  EXPECT_EQ(root["b"].as_integer(), 1000);
  EXPECT_EQ(root["c"].text(), "1.50");
  EXPECT_EQ(root["d"].text(), "99999999999999999999");
  EXPECT_EQ(root["d"].as_integer(), std::nullopt);
  EXPECT_DOUBLE_EQ(root["d"].as_number().value_or(0), 1e20);
}

TEST(Yaml, TheLastOfTwoEqualKeysWinsWithAWarning) {
  Diagnostics diagnostics;
  const auto root = read_yaml("a: 1\nb: 2\na: 3\n", "f.yaml", diagnostics);
  EXPECT_EQ(root["a"].as_integer(), 3);
  EXPECT_EQ(root["a"].place().to_string(), "f.yaml:3:4");
  EXPECT_EQ(
      diagnostics.to_string(),
      "f.yaml:3:1: warning: 'a' is written twice in this map: the last one counts (the first one is at f.yaml:1:1)");
}

TEST(Yaml, MergedKeysKeepThePlaceWhereTheyWereWritten) {
  Diagnostics diagnostics;
  const auto root = read_yaml("base: &b {x: 1, y: 2}\nd:\n  <<: *b\n  y: 3\n", "f.yaml", diagnostics);
  EXPECT_EQ(root["d"]["x"].place().to_string(), "f.yaml:1:14");
  EXPECT_EQ(root["d"]["y"].place().to_string(), "f.yaml:4:6");
  EXPECT_TRUE(diagnostics.all().empty());
}

TEST(Yaml, SaysWhatToDoAboutUsualMistakes) {
  EXPECT_EQ(complaints("a:\n\tb: 1\n"),
            "f.yaml:2:1: found character that cannot start any token while scanning for the next token "
            "(indent with spaces: YAML does not allow tabs there)");
  EXPECT_EQ(complaints("a: @b\n"),
            "f.yaml:1:4: found character that cannot start any token while scanning for the next token "
            "(text that begins with '@' needs quotes)");
  EXPECT_EQ(complaints("a: b: c\n"),
            "f.yaml:1:5: mapping values are not allowed in this context "
            "(text that contains ': ' needs quotes; or the line above is not indented like this one)");
  EXPECT_EQ(complaints("a: &defaults 1\nb: *default\n"),
            "f.yaml:2:4: '*default' names no anchor (did you mean 'defaults'?)");
  EXPECT_EQ(
      complaints("a: !secret x\n"),
      "f.yaml:1:4: the tag '!secret' is not read here (!!str, !!int, !!float, !!bool, !!null, !!map and !!seq are)");
  EXPECT_EQ(complaints("a: 1\n---\nb: 2\n"),
            "f.yaml:2:1: a second document begins here: one is expected (remove the '---', or put the documents into "
            "files of "
            "their own)");
  EXPECT_EQ(
      complaints("x:\n  [a]: b\n"),
      "f.yaml:2:3: a key must be text or a number, not a list (put quotes around what begins with '{', '[' or '- ')");
  EXPECT_EQ(complaints("x: {<<: 1}\n"),
            "f.yaml:1:9: '<<' takes a map or a list of maps, not a number "
            "(name an anchor of a map, as in '<<: *defaults')");
}

TEST(Yaml, RefusesBytesThatTextDoesNotHave) {
  const std::string help = " (save the file as UTF-8; other bytes can be written as \"\\x00\" in double quotes)";
  EXPECT_EQ(complaints(std::string_view("a: 1\nb: \0x\n", 11)),
            "f.yaml:2:4: a byte that UTF-8 text does not have" + help);
  for (const std::string bad :
       {"\xff", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "\x80", "\xf8\x88\x80\x80\x80"})
    EXPECT_EQ(complaints("é: " + bad), "f.yaml:1:4: a byte that UTF-8 text does not have" + help);
  EXPECT_EQ(complaints("a: \xf0\x9f\x98\x80\n"), "");
  EXPECT_EQ(complaints("a: \x01\n"), "f.yaml:1:4: control characters are not allowed (the file must be UTF-8 text)");
}

TEST(Yaml, AliasesCountAsWhatTheyStandFor) {
  std::string laughs = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name <= 'z'; ++name) {
    const std::string before(1, static_cast<char>(name - 1));
    laughs += std::string(1, name) + ": &" + name + " [";
    for (int i = 0; i < 10; ++i) laughs += (i ? ", *" : "*") + before;
    laughs += "]\n";
  }
  EXPECT_TRUE(complaints(laughs).starts_with("f.yaml:4:4: more than 100000 values")) << complaints(laughs);

  std::string merges = "a: &a {";
  for (int i = 0; i < 1000; ++i) merges += "k" + std::to_string(i) + ": 1, ";
  merges += "}\nb:\n";
  for (int i = 0; i < 1000; ++i) merges += "- <<: *a\n";
  EXPECT_TRUE(complaints(merges).contains("more than 100000 values"));
}

TEST(Yaml, ReadsALargeFlatListAndRefusesALargerOne) {
  std::string list;
  for (int i = 0; i < 99'999; ++i) list += "- 1\n";
  EXPECT_EQ(complaints(list), "");
  EXPECT_TRUE(complaints(list + "- 1\n").contains("more than 100000 values"));
}

TEST(Yaml, DepthIsBoundedWithAndWithoutAliases) {
  EXPECT_EQ(complaints(std::string(99, '[') + "x" + std::string(99, ']')), "");
  EXPECT_TRUE(complaints(std::string(100, '[') + "x" + std::string(100, ']')).contains("nested more than 100 deep"));
  EXPECT_TRUE(
      complaints(std::string(1'000'000, '[')).contains("f.yaml:1:101: lists and maps are nested more than 100 deep"));
  std::string chain = "- &a0 [x]\n";
  for (int i = 1; i < 150; ++i) chain += "- &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  EXPECT_TRUE(complaints(chain).contains("nested more than 100 deep"));
  EXPECT_TRUE(complaints("a: &a [*a]\n").contains("f.yaml:1:8: '*a' stands inside of what it names"));
}

TEST(Yaml, AFileThatCannotBeReadIsAComplaint) {
  Diagnostics diagnostics;
  EXPECT_FALSE(read_yaml_file("/nowhere/lab.yaml", diagnostics));
  EXPECT_EQ(diagnostics.to_string(), "/nowhere/lab.yaml: No such file or directory");
  Diagnostics folder;
  EXPECT_FALSE(read_yaml_file("/tmp", folder));
  EXPECT_TRUE(folder.has_errors());
}

TEST(Yaml, ReadsAFile) {
  std::string dir = testing::TempDir() + "hilltop-yaml-XXXXXX";
  ASSERT_NE(::mkdtemp(dir.data()), nullptr);
  const auto path = dir + "/lab.yaml";
  std::ofstream(path) << "\xEF\xBB\xBFlab: demo\n";
  Diagnostics diagnostics;
  const auto root = read_yaml_file(path, diagnostics);
  EXPECT_EQ(root["lab"].text(), "demo") << diagnostics.to_string();
  EXPECT_EQ(root["lab"].place().file ? *root["lab"].place().file : "", path);
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace hilltop
