// SPDX-License-Identifier: Apache-2.0
#include "boards/console/transcript.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/boards/console/console_fixture.hpp"

namespace hilltop::boards {
namespace {

namespace fs = std::filesystem;
const ConsoleKey key{"board one/ü", ".main"};  // names that are no file names

UtcTime at_us(std::int64_t us) { return UtcTime(std::chrono::microseconds(us)); }

/// Writes journals as the engine does, without its threads.
struct TranscriptTest : testing::Test {
  void SetUp() override { reopen(); }
  void reopen(Transcript::Mode mode = Transcript::Mode::read_write) {
    journal.reset();
    transcript.reset();
    transcript = Transcript::open(folder.path(), mode).value();
  }
  void append(RecordKind kind, std::string bytes, std::uint64_t offset, UtcTime time, UtcTime bound) {
    std::string out(record_header_bytes, '\0');
    encode_record({kind, 1, static_cast<std::uint32_t>(bytes.size()), sequence++, offset, time, bound}, bytes,
                  journal->salt, out.data());
    out += bytes;
    ASSERT_TRUE(write_all(journal->file.get(), out));
    if (kind == RecordKind::console) return;
    const auto size = static_cast<std::uint64_t>(fs::file_size(journal->path));
    const Transcript::Published one{
        &key, 0, kind, {{offset, time, bound}, static_cast<std::uint32_t>(bytes.size()), size - bytes.size()}};
    transcript->publish(journal, {&one, 1});
  }
  void begin_journal() {
    journal = transcript->create_journal().value();
    sequence = 0;
    append(RecordKind::console, key.board + '\0' + key.name, 0, {}, {});
  }
  void say(const std::string& bytes) {
    now += std::chrono::microseconds(1'000);
    append(RecordKind::data, bytes, end, now, now - std::chrono::microseconds(1'000));
    end += bytes.size();
    all += bytes;
  }
  std::vector<fs::path> files(const std::string& extension) const {
    std::vector<fs::path> out;
    for (const auto& file : fs::recursive_directory_iterator(folder.path()))
      if (file.path().extension() == extension) out.push_back(file.path());
    return out;
  }

  TemporaryFolder folder;
  std::shared_ptr<Transcript> transcript;
  std::shared_ptr<JournalFile> journal;
  std::uint64_t sequence = 0;
  std::uint64_t end = 0;
  UtcTime now = at_us(1'000'000);
  std::string all;
};

TEST_F(TranscriptTest, bytes_are_the_same_in_journal_and_segment_and_after_a_restart) {
  begin_journal();
  for (int i = 0; i < 50; ++i) say(noise(20'000 + static_cast<std::size_t>(i), static_cast<std::uint64_t>(i)));
  const auto check = [&] {
    EXPECT_EQ(transcript->end(key), end);
    EXPECT_EQ(transcript->last_time(key), now);
    EXPECT_EQ(transcript->fetch(key, 0, end + 10).value(), all);
    EXPECT_EQ(transcript->fetch(key, 123'456, 345'678).value(), all.substr(123'456, 345'678 - 123'456));
    EXPECT_EQ(transcript->fetch(key, end, end + 1).value(), "");
    EXPECT_EQ(transcript->offset_at(key, at_us(1'003'000)).value(), 20'000U + 20'001U);
    EXPECT_EQ(transcript->offset_at(key, at_us(1'003'001)).value(), 20'000U + 20'001U + 20'002U);
    EXPECT_EQ(transcript->offset_at(key, now + 1s).value(), std::nullopt);
    EXPECT_THAT(transcript->consoles(), testing::ElementsAre(key));
  };
  check();
  reopen();
  check();
  const auto old = transcript->take_unsealed();
  ASSERT_EQ(old.size(), 1U);
  ASSERT_TRUE(transcript->seal(old[0]));
  EXPECT_TRUE(files(".htj").empty());
  EXPECT_EQ(files(".zst").size(), 1U);
  check();
  reopen();
  check();
}

TEST_F(TranscriptTest, bytes_go_on_across_segments_and_the_live_journal) {
  for (int i = 0; i < 3; ++i) {
    begin_journal();
    say("part " + std::to_string(i) + "\n");
    if (i < 2) ASSERT_TRUE(transcript->seal(journal));
  }
  EXPECT_EQ(transcript->fetch(key, 0, end).value(), "part 0\npart 1\npart 2\n");
  EXPECT_EQ(transcript->fetch(key, 3, 17).value(), all.substr(3, 14));
}

TEST_F(TranscriptTest, a_crash_between_segment_and_deletion_doubles_nothing) {
  begin_journal();
  append(RecordKind::opened, "", 0, at_us(1), at_us(0));
  say("once");
  const auto copy = folder.path() / "copy";
  fs::copy_file(journal->path, copy);
  const auto name = journal->path;
  ASSERT_TRUE(transcript->seal(journal));
  fs::rename(copy, name);
  reopen();
  EXPECT_EQ(transcript->fetch(key, 0, 100).value(), "once");
  EXPECT_EQ(transcript->events(key).value().size(), 1U);
  for (const auto& journal_left : transcript->take_unsealed()) ASSERT_TRUE(transcript->seal(journal_left));
  EXPECT_EQ(transcript->fetch(key, 0, 100).value(), "once");
  EXPECT_EQ(files(".zst").size(), 1U);
}

TEST_F(TranscriptTest, a_half_written_segment_is_thrown_away) {
  begin_journal();
  say("kept");
  const auto dir = folder.path() / "segments" / "b" / "c";
  fs::create_directories(dir);
  std::ofstream(dir / "0-4-1.zst.tmp") << "half";
  reopen();
  EXPECT_TRUE(files(".tmp").empty());
  EXPECT_EQ(transcript->fetch(key, 0, 4).value(), "kept");
}

TEST_F(TranscriptTest, a_torn_tail_is_cut_and_nothing_before_it_lost) {
  begin_journal();
  say("safe");
  const auto good = fs::file_size(journal->path);
  std::ofstream(journal->path, std::ios::app) << "HTJ1 half a record";
  const auto path = journal->path;
  reopen(Transcript::Mode::read_only);
  EXPECT_GT(fs::file_size(path), good) << "reading only changes nothing";
  reopen();
  EXPECT_EQ(fs::file_size(path), good);
  EXPECT_EQ(transcript->fetch(key, 0, 100).value(), "safe");
}

TEST_F(TranscriptTest, openings_and_closings_are_kept) {
  begin_journal();
  append(RecordKind::opened, "", 0, at_us(10), at_us(10));
  say("abc");
  append(RecordKind::closed, "", 3, at_us(30), at_us(20));
  ASSERT_TRUE(transcript->seal(journal));
  begin_journal();
  append(RecordKind::opened, "", 3, at_us(99), at_us(20));
  reopen();
  EXPECT_THAT(transcript->events(key).value(),
              testing::ElementsAre(TranscriptEvent{RecordKind::opened, 0, at_us(10), at_us(10)},
                                   TranscriptEvent{RecordKind::closed, 3, at_us(30), at_us(20)},
                                   TranscriptEvent{RecordKind::opened, 3, at_us(99), at_us(20)}));
}

TEST_F(TranscriptTest, an_event_behind_the_first_bytes_hides_none_of_them) {
  begin_journal();
  say("before");
  append(RecordKind::paused, "", end, now + 5ms, now);
  say("after");
  ASSERT_TRUE(transcript->seal(journal));
  EXPECT_EQ(transcript->fetch(key, 0, 100).value(), "beforeafter");
  reopen();
  EXPECT_EQ(transcript->fetch(key, 0, 100).value(), "beforeafter");
}

TEST_F(TranscriptTest, missing_bytes_are_an_error_and_no_guess) {
  begin_journal();
  say("abc");
  end += 10;  // as after damage in the middle of a journal
  say("xyz");
  const auto got = transcript->fetch(key, 0, end);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::not_found);
  EXPECT_EQ(transcript->fetch(key, 13, end).value(), "xyz");
  ASSERT_TRUE(transcript->seal(journal));
  EXPECT_EQ(transcript->fetch(key, 0, 3).value(), "abc");
  EXPECT_EQ(transcript->fetch(key, 0, end).error().code, Errc::not_found);
  EXPECT_EQ(transcript->fetch(key, 13, end).value(), "xyz");
}

TEST_F(TranscriptTest, a_damaged_segment_is_said_and_the_rest_stays) {
  begin_journal();
  say("first");
  ASSERT_TRUE(transcript->seal(journal));
  begin_journal();
  say("second");
  const auto segment = files(".zst").at(0);
  fs::resize_file(segment, fs::file_size(segment) - 1);
  reopen();
  EXPECT_EQ(transcript->fetch(key, 0, 5).error().code, Errc::not_found);
  EXPECT_EQ(transcript->fetch(key, 5, 11).value(), "second");
}

TEST_F(TranscriptTest, a_segment_knows_its_lines) {
  begin_journal();
  say("one\ntwo\n");
  say("three");
  ASSERT_TRUE(transcript->seal(journal));
  const auto segment = SegmentReader::open(files(".zst").at(0)).value();
  EXPECT_EQ(segment->info().lines, 2U);
  EXPECT_EQ(segment->info().end, 13U);
  EXPECT_EQ(segment->read_index().value().marks.size(), 2U);
}

}  // namespace
}  // namespace hilltop::boards
