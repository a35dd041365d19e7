// SPDX-License-Identifier: Apache-2.0
#include "web/http/message.hpp"

#include <gtest/gtest.h>

namespace hilltop::web {
namespace {

TEST(ParseTarget, DecodesPathAndQuery) {
  const auto target = parse_target("/api/v1/boards/a%20b?x=1&y=%41+z&flag");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->path, "/api/v1/boards/a b");
  const std::vector<std::pair<std::string, std::string>> query = {{"x", "1"}, {"y", "A z"}, {"flag", ""}};
  EXPECT_EQ(target->query, query);
}

TEST(ParseTarget, RefusesWhatWouldChangeThePathsMeaning) {
  for (const auto* bad : {"/../etc", "/a/../b", "/a/%2e%2e/b", "/a/./b", "/a//b", "/a/", "/a%2fb", "/a%5cb", "/a%00b",
                          "/a%0d%0ab", "a", "", "http://host/", "/%", "/%4", "/%zz", "/a?x=%q1", "//"})
    EXPECT_FALSE(parse_target(bad).has_value()) << bad;
}

TEST(ParseTarget, TakesTheRoot) { EXPECT_EQ(parse_target("/")->path, "/"); }

TEST(PercentEncode, IsTakenBackByDecode) {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  const auto back = percent_decode(percent_encode(all), true);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(*back, all);
}

TEST(FindHeader, IgnoresCase) {
  const Headers headers = {{"Content-Type", "a"}, {"content-type", "b"}};
  EXPECT_EQ(find_header(headers, "CONTENT-TYPE"), "a");
  EXPECT_EQ(find_header(headers, "Accept"), "");
}

TEST(TemporaryFolder, TakesItsFilesWithIt) {
  auto name = (std::filesystem::temp_directory_path() / "hilltop-folder-XXXXXX").string();
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  {
    const TemporaryFolder folder{name};
  }
  EXPECT_FALSE(std::filesystem::exists(name));
}

}  // namespace
}  // namespace hilltop::web
