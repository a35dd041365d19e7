// SPDX-License-Identifier: Apache-2.0
#include "boards/console/match/rules.hpp"

#include <gmock/gmock.h>

#include <filesystem>

namespace hilltop::boards {
namespace {

std::vector<std::string> pack_names() {
  std::vector<std::string> out;
  for (const auto& file : std::filesystem::directory_iterator(HILLTOP_SOURCE_DIR "/boards/rules"))
    if (file.path().extension() == ".yaml") out.push_back(file.path().stem().string());
  std::ranges::sort(out);
  return out;
}

class RulePack : public testing::TestWithParam<std::string> {};

TEST_P(RulePack, finds_its_examples_and_nothing_else) {
  Diagnostics diagnostics;
  const auto text =
      read_yaml_file(std::string(HILLTOP_SOURCE_DIR "/boards/rules/") + GetParam() + ".yaml", diagnostics);
  const auto rules = RuleSet::read_pack(text, diagnostics);
  ASSERT_TRUE(diagnostics.all().empty()) << diagnostics.to_string();
  ASSERT_FALSE(rules.empty());
  const auto set = RuleSet::compile(rules);
  ASSERT_TRUE(set) << set.error().text;
  for (const auto& slow : set->matcher()->slow()) ADD_FAILURE() << rules[slow.pattern].id << ": " << slow.why;
  const auto finds = [&](const Rule& rule, std::string_view line) {
    return std::ranges::any_of(set->find(line), [&](const Rule* hit) { return hit->id == rule.id; });
  };
  for (const auto& rule : rules) {
    EXPECT_EQ(rule.pack, GetParam());
    EXPECT_FALSE(rule.no_matches.empty()) << rule.id;
    for (const auto& line : rule.matches) {
      EXPECT_TRUE(finds(rule, line)) << rule.id << ": " << line;
      for (const std::string stamp :
           {"\x1b[1;31m", "[   12.345678] ", "[    1.0][    T1] \x1b[31m", "[00:00:01.234,567] "})
        EXPECT_TRUE(finds(rule, stamp + line + "\x1b[0m")) << rule.id << ": " << stamp << line;
    }
    for (const auto& line : rule.no_matches) EXPECT_FALSE(finds(rule, line)) << rule.id << ": " << line;
  }
}

INSTANTIATE_TEST_SUITE_P(Packs, RulePack, testing::ValuesIn(pack_names()), [](const auto& test) {
  auto name = test.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(RulePacks, have_all_that_the_design_names) {
  EXPECT_THAT(pack_names(), testing::IsSupersetOf({"cortex-m", "esp-idf", "freertos", "linux", "op-tee", "sanitizer",
                                                   "systemd", "tf-a", "tf-m", "u-boot", "zephyr"}));
}

TEST(RuleSet, says_what_is_wrong_in_a_pack_and_where) {
  Diagnostics diagnostics;
  const auto text = read_yaml(
      "pack: p\nsource: s\nrules:\n- id: a\n  pattern: '(a'\n  severty: fault\n  summary: x\n  matches: [a]\n- id: a\n",
      "p.yaml", diagnostics);
  RuleSet::read_pack(text, diagnostics);
  const auto said = diagnostics.to_string();
  EXPECT_THAT(said, testing::HasSubstr("p.yaml:5:"));
  EXPECT_THAT(said, testing::HasSubstr("missing )"));
  EXPECT_THAT(said, testing::HasSubstr("'severty' is not a key of a rule"));
  EXPECT_THAT(said, testing::HasSubstr("severity"));
  EXPECT_THAT(said, testing::HasSubstr("'a' is there twice"));
  EXPECT_THAT(said, testing::HasSubstr("a rule needs 'summary'"));
}

TEST(RuleSet, sees_through_time_stamps_and_colours) {
  Rule rule;
  rule.id = "fatal";
  rule.pattern = "ZEPHYR FATAL ERROR";
  const auto set = RuleSet::compile({rule}).value();
  EXPECT_EQ(set.find("[00:00:00.010,000] \x1b[1;31m<err> os: >>> ZEPHYR \x1b[1mFATAL\x1b[0m ERROR 4\x1b[0m").size(),
            1U);
  EXPECT_TRUE(set.find("ZEPHYR").empty());
}

}  // namespace
}  // namespace hilltop::boards
