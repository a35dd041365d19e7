// SPDX-License-Identifier: Apache-2.0
// What a farm's consoles have said: found again, exported, counted; and faults outside of jobs.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "controller/worker/console_archive.hpp"
#include "tests/controller/farm_fixture.hpp"
#include "tests/support/dictionary_logs.hpp"

namespace hilltop::controller {
namespace {

using nlohmann::json;
using test::FarmRig;
using test::run;

/// A board that echoes all that it hears.
class Archive : public ::testing::Test {
 protected:
  void SetUp() override {
    test::write_text(dir.path() / "types" / "watched.yaml",
                     "description: a board of the tests\nsource: tests/controller\nverified: hardware\n"
                     "deploy: [tmpfs]\nboot: [minimal]\nrule_packs: [linux]\ndecoders: [kernel]\n");
    test::write_text(dir.path() / "rules" / "linux.yaml",
                     test::read_whole(HILLTOP_SOURCE_DIR "/boards/rules/linux.yaml"));
    rig = std::make_unique<FarmRig>(
        test::lab_of("  desk-1:\n    type: watched\n    console: {driver: process, command: [cat], terminal: no}\n"),
        dir.path());
    ASSERT_TRUE(rig->until([&] { return rig->idle("desk-1"); }));
  }
  Result<WorkerReply> call(WorkerCommand command) {
    return run(rig->context, rig->farm->worker().call(std::move(command), Deadline::after(20s)));
  }
  void say(const std::string& text) {
    const auto before = stored();
    ASSERT_TRUE(call(ConsoleWrite{"desk-1", "", text, ""}));
    ASSERT_TRUE(rig->until([&] { return stored() == before + text.size(); }));
  }
  std::uint64_t stored() {
    const auto list = json::parse(call(TranscriptList{"desk-1"}).value().text);
    return list.empty() ? 0 : list[0]["end"].get<std::uint64_t>();
  }
  std::vector<json> grep(TranscriptGrep command) {
    std::vector<json> out;
    for (;;) {
      auto reply = call(command);
      EXPECT_TRUE(reply) << reply.error().text;
      if (!reply) return out;
      std::istringstream lines(reply->text);
      for (std::string line; std::getline(lines, line);) out.push_back(json::parse(line));
      if (reply->lost != 0) return out;
      command.search = reply->offset;
    }
  }
  test::TempDir dir;
  std::unique_ptr<FarmRig> rig;
};

TEST_F(Archive, IsSearchedByPatternAndRule) {
  say("hello\n[    1.500000] Kernel panic - not syncing: x\n# echo hello\n");
  TranscriptGrep command;
  command.pattern = "hello";
  auto hits = grep(command);
  ASSERT_EQ(hits.size(), 2U);
  EXPECT_EQ(hits[0]["board"], "desk-1");
  EXPECT_EQ(hits[0]["console"], "main");
  EXPECT_EQ(hits[0]["offset"], 0);
  EXPECT_EQ(hits[0]["line"], "hello");
  EXPECT_TRUE(from_rfc3339(hits[0]["time"].get<std::string>()));
  command.pattern.clear();
  command.packs = {"all"};
  hits = grep(command);
  ASSERT_GE(hits.size(), 1U);
  EXPECT_EQ(hits[0]["channel"], "kernel");
  EXPECT_NE(hits[0]["rule"], "");
  command.channel = "shell";
  EXPECT_TRUE(grep(command).empty());
  command.boards = {"another"};
  EXPECT_TRUE(grep(command).empty());
}

TEST_F(Archive, RefusesWhatCannotBeSearched) {
  TranscriptGrep command;
  command.pattern = "(";
  EXPECT_EQ(call(command).error().blame, Blame::job);
  command.pattern = "x";
  command.packs = {"nonsense"};
  EXPECT_EQ(call(command).error().code, Errc::bad_input);
  command.search = 4711;
  EXPECT_EQ(call(command).error().code, Errc::not_found);
  EXPECT_EQ(call(TranscriptFind{"nobody", "", UtcTime()}).error().code, Errc::not_found);
}

TEST_F(Archive, AChannelThatNobodyMakesIsToldWithThoseThatThereAre) {
  say("hello\n");
  TranscriptGrep command;
  command.pattern = "hello";
  command.channel = "kernal";
  const auto refused = call(command).error();
  EXPECT_EQ(refused.code, Errc::bad_input);
  EXPECT_EQ(refused.text,
            "there is no channel 'kernal' on these consoles; their decoders make: kernel, nonsecure, shell, text");
  command.channel = "kernel";
  EXPECT_TRUE(grep(command).empty());
}

// From the job's file to the search, long after the job: records between text, by the database that came with them.
TEST_F(Archive, ADictionaryOfAJobReadsWhatWasSaidUnderItsLease) {
  rig->stop();
  test::write_text(dir.path() / "types" / "logging.yaml",
                   "description: a board of the tests\nsource: tests/controller\nverified: hardware\n"
                   "deploy: [tmpfs]\nboot: [minimal]\nflash:\n  formats: [elf]\n  source: a test\n");
  test::write_text(dir.path() / "said",
                   "booting\r\n" + test::dictionary_record(5) + "START\r\n PASS - case_a\r\nEND\r\n");
  const auto files = dir.path() / "files";
  test::write_text(files / "fw.elf",
                   "\x7f"
                   "ELF and so on");
  test::write_text(files / "log_dictionary.json", test::dictionary_database);
  test::write_text(
      dir.path() / "lab.yaml",
      test::lab_of("  logger-1:\n    type: logging\n    emulator: {driver: replay, script: [{say_file: said}]}\n"
                   "artifacts: {file_roots: [files]}\n"));
  rig->start();
  ASSERT_TRUE(rig->until([&] { return rig->idle("logger-1"); }));
  auto text = test::job_text("", "");
  text.replace(text.find("type: fake"), 10, "type: logging");
  const auto url = "{url: 'file://" + files.string();
  text.insert(text.find("- boot:"), "- deploy:\n    to: tmpfs\n    images: {fw: " + url +
                                        "/fw.elf'}}\n    log_dictionary: " + url + "/log_dictionary.json'}\n");
  const auto finished = rig->finished(rig->submit(text));
  ASSERT_TRUE(finished.outcome);
  EXPECT_EQ(finished.outcome->verdict, jobs::Verdict::pass) << finished.outcome->reason;
  ASSERT_TRUE(rig->until([&] { return rig->idle("logger-1"); }));
  TranscriptGrep command;
  command.boards = {"logger-1"};
  command.pattern = "value \\d";
  command.channel = "dictlog";
  const auto hits = grep(command);
  ASSERT_EQ(hits.size(), 1U);
  EXPECT_EQ(hits[0]["line"], "[         7] <inf> app: value 5");
  EXPECT_GE(hits[0]["offset"], 9U) << "within the record";
  EXPECT_LT(hits[0]["offset"], 9U + test::dictionary_record(5).size());
}

TEST_F(Archive, GivesPagesWithTheirTimes) {
  const auto before = utc_now();
  say("one\n");
  const auto between = utc_now();
  say("two\n");
  auto page = page_from(call(TranscriptPageRead{"desk-1", ""}).value()).value();
  EXPECT_EQ(page.bytes, "one\ntwo\n");
  ASSERT_GE(page.marks.size(), 2U);
  EXPECT_GE(page.marks.front().time, before);
  ASSERT_FALSE(page.records.empty());
  EXPECT_EQ(page.records.front().kind, boards::RecordKind::opened);
  EXPECT_EQ(call(TranscriptFind{"desk-1", "", between})->offset, 4U);
  EXPECT_EQ(call(TranscriptFind{"desk-1", "", utc_now() + 1h})->offset, 8U);
  page = page_from(call(TranscriptPageRead{"desk-1", "main", 2, 6, 100, false}).value()).value();
  EXPECT_EQ(page.bytes, "e\ntw");
}

TEST_F(Archive, AFaultOutsideOfAJobIsAnEvent) {
  std::vector<json> faults;
  const auto guard = rig->farm->subscribe([&](const FarmEvent& event) {
    if (event.kind == "board.fault") faults.push_back(json::parse(event.data));
  });
  say("[    1.500000] Kernel panic - not syncing: Attempted to kill init!\n");
  ASSERT_TRUE(rig->until([&] { return !faults.empty(); }));
  EXPECT_EQ(faults[0]["console"], "main");
  EXPECT_EQ(faults[0]["channel"], "kernel");
  EXPECT_NE(faults[0]["line"].get<std::string>().find("Attempted to kill init"), std::string::npos);
  const auto stored_events = run(rig->context, rig->farm->events_after(0, 1000)).value();
  EXPECT_TRUE(std::ranges::any_of(stored_events, [](const FarmEvent& e) { return e.kind == "board.fault"; }));
}

TEST_F(Archive, IsCounted) {
  say("twelve bytes");
  const auto counters = json::parse(call(ConsoleCounters{}).value().text);
  EXPECT_EQ(counters["bytes_total"], 12);
  EXPECT_EQ(counters["consoles"], 1);
  EXPECT_GT(counters["stored_bytes"], 12);
  EXPECT_GT(counters["journal_bytes_total"], 12);
}

}  // namespace
}  // namespace hilltop::controller
