// SPDX-License-Identifier: Apache-2.0
#include "boards/console/transcript_export.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/boards/console/transcript_writer.hpp"

namespace hilltop::boards {
namespace {

using nlohmann::json;
using testing::HasSubstr;
const ConsoleKey key{"b", "main"};

struct ExportTest : testing::Test {
  std::string exported(ExportFormat format, std::size_t page_bytes = 1 << 20, std::uint64_t from = 0) {
    TranscriptExporter exporter(format);
    std::string out;
    for (bool first = true;; first = false) {
      const auto page = read_page(*writer.transcript, key, from, UINT64_MAX, page_bytes, first).value();
      out += exporter.feed(page);
      if (page.end == page.from && !first) return out + exporter.end();
      from = page.end;
    }
  }
  std::vector<json> lines(std::size_t page_bytes = 1 << 20) {
    std::vector<json> out;
    std::istringstream in(exported(ExportFormat::jsonl, page_bytes));
    for (std::string line; std::getline(in, line);) out.push_back(json::parse(line));
    return out;
  }
  TemporaryFolder folder;
  test::TranscriptWriter writer{folder.path()};
};

TEST_F(ExportTest, raw_is_every_byte_at_any_page_size) {
  std::string all;
  for (int i = 0; i < 20; ++i) {
    const auto bytes = noise(997, static_cast<std::uint64_t>(i));
    writer.say(key, bytes);
    all += bytes;
    if (i == 12) writer.seal();
  }
  for (const std::size_t page : {1, 7, 300, 4096, 1 << 20}) EXPECT_EQ(exported(ExportFormat::raw, page), all) << page;
  EXPECT_EQ(exported(ExportFormat::raw, 100, 5000), all.substr(5000));
}

TEST_F(ExportTest, text_has_the_time_of_each_lines_first_byte) {
  writer.say(key, "one\r\ntw");
  writer.say(key, "o\x1b[0m\nthree");
  EXPECT_EQ(exported(ExportFormat::text),
            "1970-01-01T00:00:00.001000Z one\n"
            "1970-01-01T00:00:00.001000Z two\\x1b[0m\n"
            "1970-01-01T00:00:00.002000Z three\n");
}

TEST_F(ExportTest, jsonl_gives_back_bytes_and_times_at_any_page_size) {
  writer.note(key, RecordKind::opened);
  writer.say(key, "hello\r\n");
  writer.say(key, "a \"quoted\" line\n\n");
  writer.say(key, std::string("\0\xff\n", 3));
  writer.seal();
  writer.say(key, "no end");
  for (const std::size_t page : {1, 3, 1 << 20}) {
    const auto out = lines(page);
    ASSERT_EQ(out.size(), 6U) << page;
    EXPECT_EQ(out[0]["record"], "opened");
    std::string bytes;
    for (std::size_t i = 1; i < out.size(); ++i) {
      EXPECT_EQ(out[i]["offset"], bytes.size());
      bytes += i == 4 ? std::string("\0\xff", 2) : out[i]["text"].get<std::string>();
      bytes += out[i]["eol"].get<std::string>();
    }
    EXPECT_EQ(bytes, writer.transcript->fetch(key, 0, UINT64_MAX).value());
    EXPECT_EQ(out[4]["base64"], "AP8=");
    EXPECT_EQ(out[1]["time"], "1970-01-01T00:00:00.002000Z");
    EXPECT_EQ(out[1]["bound"], "1970-01-01T00:00:00.001000Z");
    EXPECT_EQ(out[5]["eol"], "");
  }
}

TEST_F(ExportTest, lava_is_a_list_of_its_log_lines) {
  writer.say(key, "U-Boot 2023.01\r\n");
  EXPECT_EQ(exported(ExportFormat::lava),
            "- {\"dt\": \"1970-01-01T00:00:00.001000\", \"lvl\": \"target\", \"msg\": \"U-Boot 2023.01\"}\n");
}

TEST_F(ExportTest, records_stand_where_they_happened) {
  writer.say(key, "before the g");
  writer.note(key, RecordKind::gap);
  writer.say(key, "ap\n");
  writer.note(key, RecordKind::overrun, 3);
  const auto out = lines();
  ASSERT_EQ(out.size(), 4U);
  EXPECT_EQ(out[0]["text"], "before the g");
  EXPECT_EQ(out[1]["record"], "gap");
  EXPECT_EQ(out[1]["offset"], 12);
  EXPECT_EQ(out[2]["text"], "ap");
  EXPECT_EQ(out[3]["count"], 3);
  EXPECT_THAT(exported(ExportFormat::text), HasSubstr(" -- gap, since 1970-01-01T00:00:00.001000Z\n"));
}

TEST_F(ExportTest, a_line_without_end_comes_in_pieces) {
  writer.say(key, std::string(150'000, 'x'));
  const auto out = lines();
  ASSERT_EQ(out.size(), 3U);
  EXPECT_EQ(out[0]["text"].get<std::string>().size(), 65'536U);
  EXPECT_EQ(out[1]["offset"], 65'536);
}

TEST_F(ExportTest, what_retention_deleted_is_left_out) {
  writer.say(key, "old\n");
  writer.seal();
  writer.say(key, "new\n");
  writer.seal();
  writer.transcript->set_retention({0, 0, 24h});
  writer.transcript->apply_retention(test::TranscriptWriter::at_ms(5));
  EXPECT_EQ(exported(ExportFormat::raw), "new\n");
}

TEST(ExportFormats, have_names) {
  EXPECT_EQ(export_format_from("lava"), ExportFormat::lava);
  EXPECT_EQ(export_format_from("xml"), std::nullopt);
}

}  // namespace
}  // namespace hilltop::boards
