// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "controller/worker/console_archive.hpp"
#include "tests/boards/console/transcript_writer.hpp"
#include "tests/web/web_fixture.hpp"

namespace hilltop::web::testing {
namespace {

using controller::ConsoleArchive;
using ::testing::HasSubstr;

/// The fake farm's worker, with an archive over a transcript that the test writes.
class ArchiveApi : public WebFixture {
 protected:
  ArchiveApi() {
    on_control([this] {
      archive_ = std::make_shared<ConsoleArchive>(writer.transcript, std::make_shared<const boards::BoardTypes>(),
                                                  [](const std::string&, const std::string&) {
                                                    return std::vector<controller::DictionaryBook::Stretch>{
                                                        {.decoders = boards::demux::decoders_from("kernel").value()}};
                                                  });
      farm_->link.others = [archive = archive_](WorkerCommand command) { return answer(archive, std::move(command)); };
      return true;
    });
  }
  ~ArchiveApi() override {
    on_control([this] {
      farm_->link.others = nullptr;
      return true;
    });
  }
  static Task<WorkerReply> answer(std::shared_ptr<ConsoleArchive> archive, WorkerCommand command) {
    if (auto* c = std::get_if<controller::TranscriptFind>(&command))
      co_return co_await ConsoleArchive::find(archive, std::move(*c));
    if (auto* c = std::get_if<controller::TranscriptPageRead>(&command))
      co_return co_await ConsoleArchive::page(archive, std::move(*c));
    if (auto* c = std::get_if<controller::TranscriptGrep>(&command))
      co_return co_await ConsoleArchive::grep(archive, std::move(*c));
    WorkerReply reply;
    reply.text = R"({"bytes_total":7,"analysis_lag_bytes":3})";  // the counters
    co_return reply;
  }
  HttpReply get(const std::string& path) { return ask("viewer", "GET", path); }

  const boards::ConsoleKey key{"qemu-1", "main"};
  boards::TemporaryFolder folder;
  test::TranscriptWriter writer{folder.path()};
  std::shared_ptr<ConsoleArchive> archive_;
};

TEST_F(ArchiveApi, ExportsEveryByteOfALargeTranscript) {
  std::string all;
  for (std::size_t i = 0; i < 30; ++i) {
    const auto bytes = boards::noise(100'000, i);
    writer.say(key, bytes);
    all += bytes;
    if (i % 9 == 8) writer.seal();
  }
  const auto reply = get("/api/v1/boards/qemu-1/console/export");
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.header("Content-Type"), "application/octet-stream");
  EXPECT_TRUE(reply.body == all);
  EXPECT_TRUE(get("/api/v1/boards/qemu-1/console/export?from=5&to=250000").body == all.substr(5, 249'995));
}

TEST_F(ArchiveApi, ExportsByTimeInEachFormat) {
  writer.say(key, "one\n");
  writer.say(key, "two\n");
  writer.say(key, "three\n");
  const std::string path = "/api/v1/boards/qemu-1/console/export?since=1970-01-01T00:00:00.002000Z";
  EXPECT_EQ(get(path).body, "two\nthree\n");
  EXPECT_EQ(get(path + "&until=1970-01-01T00:00:00.003000Z").body, "two\n");
  EXPECT_EQ(get("/api/v1/boards/qemu-1/console/export?around=1970-01-01T00:00:00Z").body, "one\ntwo\nthree\n");
  EXPECT_EQ(get(path + "&format=text").body, "1970-01-01T00:00:00.002000Z two\n1970-01-01T00:00:00.003000Z three\n");
  EXPECT_THAT(get(path + "&format=jsonl").body, HasSubstr(R"("offset":4,"time":"1970-01-01T00:00:00.002000Z")"));
  EXPECT_THAT(get(path + "&format=lava").body, HasSubstr(R"("lvl": "target", "msg": "two")"));
  EXPECT_EQ(get("/api/v1/boards/qemu-1/console/export?format=xml").status, 400u);
  EXPECT_EQ(get("/api/v1/boards/qemu-1/console/export?since=yesterday").status, 400u);
  EXPECT_EQ(get("/api/v1/boards/none/console/export").status, 404u);
  EXPECT_EQ(get("/api/v1/boards/microbit-1/console/export").status, 404u) << "it never said anything";
}

TEST_F(ArchiveApi, WhoFollowsBeginsNowUnlessToldOtherwise) {
  writer.say(key, "one\n");
  writer.say(key, "two\n");
  const std::string path = "/api/v1/boards/qemu-1/console/export?follow=1&to=8";
  EXPECT_EQ(get(path).body, "");
  EXPECT_EQ(get(path + "&from=0").body, "one\ntwo\n");
  EXPECT_EQ(get(path + "&since=1970-01-01T00:00:00.002000Z").body, "two\n");
}

TEST_F(ArchiveApi, SearchesAndStreamsItsHits) {
  for (int i = 0; i < 5000; ++i) writer.say(key, "needle " + std::to_string(i) + "\nhay\n");
  const auto hits = get("/api/v1/grep?pattern=needle%20%5Cd%2B");
  EXPECT_EQ(hits.status, 200u);
  EXPECT_EQ(std::ranges::count(hits.body, '\n'), 5000);
  EXPECT_THAT(hits.body.substr(0, 300), HasSubstr(R"("board":"qemu-1","console":"main")"));
  EXPECT_EQ(get("/api/v1/grep?pattern=nothing").body, "");
  EXPECT_EQ(get("/api/v1/grep?pattern=needle&board=microbit-1").body, "");
  EXPECT_EQ(get("/api/v1/grep?pattern=needle&since=1h").body, "");
  EXPECT_EQ(get("/api/v1/grep?pattern=(").status, 400u);
  EXPECT_EQ(get("/api/v1/grep").status, 400u);
  EXPECT_EQ(get("/api/v1/grep?pattern=x&board=none").status, 404u);
}

TEST_F(ArchiveApi, CountersOfConsolesAreMetrics) {
  const auto text = get("/metrics").body;
  EXPECT_THAT(text, HasSubstr("# TYPE hilltop_console_bytes_total counter\nhilltop_console_bytes_total{lab="));
  EXPECT_THAT(text, HasSubstr("hilltop_console_analysis_lag_bytes{lab="));
}

}  // namespace
}  // namespace hilltop::web::testing
