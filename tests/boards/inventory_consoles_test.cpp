// SPDX-License-Identifier: Apache-2.0
#include "boards/inventory_consoles.hpp"

#include <gmock/gmock.h>

namespace hilltop::boards {
namespace {

using testing::HasSubstr;

struct ConsoleSettings : testing::Test {
  Retention read(const std::string& yaml) {
    return read_console_settings(read_yaml(yaml, "lab.yaml", diagnostics), diagnostics);
  }
  Diagnostics diagnostics;
};

TEST_F(ConsoleSettings, are_read_with_their_units) {
  const auto settings = read("{quota: 20G, board_quota: 512M, keep: 30d}");
  EXPECT_EQ(diagnostics.to_string(), "");
  EXPECT_EQ(settings.quota_bytes, 20ULL << 30);
  EXPECT_EQ(settings.board_quota_bytes, 512ULL << 20);
  EXPECT_EQ(settings.keep, std::chrono::hours(720));
  EXPECT_EQ(describe(settings), "20GB for the lab, 512MB a board, for 30 days");
}

TEST_F(ConsoleSettings, have_usual_values) {
  EXPECT_EQ(read("{quota: 100G}").board_quota_bytes, Retention().board_quota_bytes);
  EXPECT_EQ(read_console_settings(Node(), diagnostics).quota_bytes, Retention().quota_bytes);
}

TEST_F(ConsoleSettings, complain_with_their_place) {
  (void)read("quota: much\nkeep: forever\nbord_quota: 1G\n");
  const auto said = diagnostics.to_string();
  EXPECT_THAT(said, HasSubstr("lab.yaml:1:8: consoles: 'much' is no size for 'quota'"));
  EXPECT_THAT(said, HasSubstr("'forever' is no time for 'keep'"));
  EXPECT_THAT(said, HasSubstr("board_quota"));
}

TEST_F(ConsoleSettings, that_could_not_work_are_refused) {
  (void)read("{quota: 1M}");
  EXPECT_THAT(diagnostics.to_string(), HasSubstr("too small"));
  Diagnostics more;
  (void)read_console_settings(read_yaml("{quota: 1G, board_quota: 2G}", "lab.yaml", more), more);
  EXPECT_THAT(more.to_string(), HasSubstr("more than 'quota'"));
}

TEST_F(ConsoleSettings, are_written_as_they_are_read) {
  const auto settings = read("{quota: 3G, board_quota: 1500M, keep: 36h}");
  std::string yaml;
  write_console_settings(settings, yaml);
  EXPECT_THAT(yaml, HasSubstr("quota: 3G"));
  Diagnostics again;
  const auto root = read_yaml(yaml, "lab.yaml", again);
  const auto back = read_console_settings(root["consoles"], again);
  EXPECT_EQ(again.to_string(), "");
  EXPECT_EQ(back.quota_bytes, settings.quota_bytes);
  EXPECT_EQ(back.board_quota_bytes, settings.board_quota_bytes);
  EXPECT_EQ(back.keep, settings.keep);
  yaml.clear();
  write_console_settings(Retention(), yaml);
  EXPECT_EQ(yaml, "") << "what is usual is not said";
}

TEST(Bytes, are_read) {
  EXPECT_EQ(bytes_from("4096"), 4096U);
  EXPECT_EQ(bytes_from("1.5K"), 1536U);
  EXPECT_EQ(bytes_from("2T"), 2ULL << 40);
  for (const auto* text : {"", "G", "1X", "-1G", "1GB", "1e3G", "99999999T"})
    EXPECT_EQ(bytes_from(text), std::nullopt) << text;
}

}  // namespace
}  // namespace hilltop::boards
