// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/node.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace hilltop {
namespace {

Node yaml(std::string_view text) {
  Diagnostics diagnostics;
  auto node = read_yaml(text, "f.yaml", diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.to_string();
  return node;
}

TEST(Node, AnAbsentOneIsEmptyInEveryRespect) {
  const Node absent;
  EXPECT_FALSE(absent);
  EXPECT_TRUE(absent.is_null());
  EXPECT_EQ(absent.text(), "");
  EXPECT_TRUE(absent.items().empty());
  EXPECT_TRUE(absent.entries().empty());
  EXPECT_FALSE(absent["x"]["y"]);
  EXPECT_EQ(absent.place().to_string(), "");
  EXPECT_EQ(absent.to_json().dump(), "null");
}

TEST(Node, ANullThatWasWrittenIsPresent) {
  const auto root = yaml("a:\n");
  EXPECT_TRUE(root.contains("a"));
  EXPECT_TRUE(root["a"].is_null());
  EXPECT_FALSE(root.contains("b"));
}

TEST(Node, ScalarsAreOfOneTypeOnly) {
  const auto root = yaml("{t: yes, i: 7, r: 1.5, s: '7'}");
  EXPECT_EQ(root["t"].as_bool(), true);
  EXPECT_EQ(root["t"].as_integer(), std::nullopt);
  EXPECT_EQ(root["i"].as_integer(), 7);
  EXPECT_EQ(root["i"].as_number(), 7.0);
  EXPECT_EQ(root["r"].as_integer(), std::nullopt);
  EXPECT_EQ(root["r"].as_number(), 1.5);
  EXPECT_EQ(root["s"].as_integer(), std::nullopt);
  EXPECT_EQ(root["s"].text(), "7");
}

TEST(Node, KeysThatAreNotTextAreFoundByTheirText) {
  const auto root = yaml("{2: two, true: yes, '2': text}");
  EXPECT_EQ(root["2"].text(), "text");
  EXPECT_EQ(root["true"].as_bool(), true);
}

TEST(Node, MergedLaysMapsUponEachOtherKeyByKey) {
  const auto base = yaml("{a: 1, m: {x: 1, y: 2}, l: [1, 2]}");
  const auto over = yaml("{m: {y: 3, z: 4}, l: [9], n: new}");
  EXPECT_EQ(merged(base, over).to_json().dump(), R"({"a":1,"l":[9],"m":{"x":1,"y":3,"z":4},"n":"new"})");
  EXPECT_EQ(merged(base, Node()).to_json(), base.to_json());
  EXPECT_EQ(merged(Node(), over).to_json(), over.to_json());
  EXPECT_EQ(merged(yaml("{a: {b: 1}}"), yaml("{a: ~}")).to_json().dump(), R"({"a":null})");
}

TEST(Suggest, NamesTheNearestKnownWord) {
  const std::vector<std::string> known = {"tmpfs", "timeouts", "character_delay", "to"};
  EXPECT_EQ(suggest("tmpf", known), "did you mean 'tmpfs'?");
  EXPECT_EQ(suggest("TMPFS", known), "did you mean 'tmpfs'?");
  EXPECT_EQ(suggest("tiemouts", known), "did you mean 'timeouts'?");
  EXPECT_EQ(suggest("charcter_dely", known), "did you mean 'character_delay'?");
}

TEST(Suggest, IsSilentWhenNothingIsNear) {
  EXPECT_EQ(suggest("fastboot", {"tmpfs", "to"}), "");
  EXPECT_EQ(suggest("ab", {"to"}), "");
  EXPECT_EQ(suggest("", {"to"}), "");
  EXPECT_EQ(suggest(std::string(10'000, 'x'), {std::string(10'000, 'x')}), "");
}

TEST(Diagnostics, AreAllReportedALineEach) {
  Diagnostics diagnostics;
  const auto file = std::make_shared<const std::string>("lab.yaml");
  diagnostics.warning({file, 1, 2}, "odd", "look");
  EXPECT_FALSE(diagnostics.has_errors());
  diagnostics.error({file, 3, 4}, "wrong");
  EXPECT_TRUE(diagnostics.has_errors());
  EXPECT_EQ(diagnostics.to_string(), "lab.yaml:1:2: warning: odd (look)\nlab.yaml:3:4: wrong");
  const auto error = diagnostics.to_error(Blame::job);
  EXPECT_EQ(error.code, Errc::bad_input);
  EXPECT_EQ(error.blame, Blame::job);
  EXPECT_EQ(error.text, diagnostics.to_string());
}

}  // namespace
}  // namespace hilltop
