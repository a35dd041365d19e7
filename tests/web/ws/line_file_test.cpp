// SPDX-License-Identifier: Apache-2.0
#include "web/ws/line_file.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

namespace hilltop::web {
namespace {

class LineFileTest : public ::testing::Test {
 protected:
  LineFileTest() {
    auto name = (std::filesystem::temp_directory_path() / "hilltop-lines-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) dir_ = name;
  }
  ~LineFileTest() override { std::filesystem::remove_all(dir_); }
  void write(std::string_view text) { std::ofstream(path(), std::ios::app | std::ios::binary) << text; }
  [[nodiscard]] std::filesystem::path path() const { return dir_ / "log"; }
  std::filesystem::path dir_;
};

TEST_F(LineFileTest, GivesWholeLinesOnly) {
  write("one\ntw");
  auto file = LineFile::open(path());
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(*file->next(), "one\n");
  EXPECT_EQ(*file->next(), "");
  write("o\nthree\n");
  EXPECT_EQ(*file->next(), "two\nthree\n");
}

TEST_F(LineFileTest, SkipsToAnyLine) {
  std::string text;
  std::vector<std::size_t> begins = {0};
  for (int n = 1; n <= 30000; ++n) {
    text += std::string(static_cast<std::size_t>(n % 17), 'x') + std::to_string(n) + "\n";
    begins.push_back(text.size());
  }
  write(text);
  for (const std::uint64_t line : {1, 2, 3, 4000, 7777, 29999, 30000, 30001}) {
    auto file = LineFile::open(path());
    ASSERT_TRUE(file.has_value());
    EXPECT_TRUE(*file->skip_to(line)) << line;
    EXPECT_EQ(file->offset(), begins[line - 1]) << line;
  }
  auto file = LineFile::open(path());
  EXPECT_FALSE(*file->skip_to(30002));
  write("last\n");
  EXPECT_TRUE(*file->skip_to(30002));
}

TEST_F(LineFileTest, TakesALineThatIsLongerThanAPiece) {
  const auto line = std::string(300000, 'y') + "\n";
  write(line);
  auto file = LineFile::open(path());
  EXPECT_EQ(*file->next(), line);
}

TEST_F(LineFileTest, AMissingFileIsNotFound) { EXPECT_EQ(LineFile::open(path()).error().code, Errc::not_found); }

}  // namespace
}  // namespace hilltop::web
