// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "boards/console/transcript.hpp"
#include "tests/boards/console/console_fixture.hpp"

namespace hilltop::boards {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
constexpr std::size_t piece = 20'000;  // of noise: it does not compress

UtcTime at_s(std::int64_t s) { return UtcTime(std::chrono::seconds(s)); }

/// Seals one segment after the other, a second apart.
struct RetentionTest : testing::Test {
  void SetUp() override { reopen(); }
  void reopen() {
    transcript.reset();
    transcript = Transcript::open(folder.path(), Transcript::Mode::read_write).value();
  }
  void segment(const std::string& board) {
    const ConsoleKey key{board, "main"};
    const auto journal = transcript->create_journal().value();
    const auto name = board + '\0' + "main";
    const auto bytes = noise(piece, ++seconds);
    std::string out = journal_header(journal->salt);
    const auto put = [&](RecordKind kind, std::uint64_t sequence, std::uint64_t offset, const std::string& payload) {
      std::string header(record_header_bytes, '\0');
      const auto time = at_s(static_cast<std::int64_t>(seconds));
      encode_record({kind, 1, static_cast<std::uint32_t>(payload.size()), sequence, offset, time, time}, payload,
                    journal->salt, header.data());
      out += header + payload;
    };
    put(RecordKind::console, 0, 0, name);
    put(RecordKind::data, 1, ends[board], bytes);
    ASSERT_TRUE(write_all(journal->file.get(), std::string_view(out).substr(journal_header_bytes)));
    const auto time = at_s(static_cast<std::int64_t>(seconds));
    const Transcript::Published one{&key, 0, RecordKind::data, {{ends[board], time, time}, piece, out.size() - piece}};
    transcript->publish(journal, {&one, 1});
    ends[board] += piece;
    ASSERT_TRUE(transcript->seal(journal));
  }
  static Retention keep(std::uint64_t quota, std::uint64_t board_quota, std::chrono::seconds time = 24h) {
    return {quota, board_quota, time};
  }
  std::uint64_t apply(Retention retention, std::int64_t now = 100) {
    transcript->set_retention(retention);
    return transcript->apply_retention(at_s(now));
  }
  std::size_t files() const {
    std::size_t out = 0;
    for (const auto& file : fs::recursive_directory_iterator(folder.path()))
      out += file.path().extension() == ".zst" ? 1 : 0;
    return out;
  }

  TemporaryFolder folder;
  std::shared_ptr<Transcript> transcript;
  std::map<std::string, std::uint64_t> ends;
  std::uint64_t seconds = 0;
};

TEST_F(RetentionTest, nothing_goes_that_fits) {
  for (int i = 0; i < 4; ++i) segment("a");
  EXPECT_EQ(apply(keep(1 << 20, 1 << 20)), 0U);
  EXPECT_EQ(transcript->first({"a", "main"}), 0U);
  EXPECT_GT(transcript->stored_bytes(), 4 * piece);
}

TEST_F(RetentionTest, a_boards_quota_takes_its_oldest_first_and_says_which_bytes) {
  for (int i = 0; i < 4; ++i) segment("a");
  segment("b");
  EXPECT_GT(apply(keep(1 << 20, 2 * piece + piece / 2)), 2 * piece);
  EXPECT_EQ(transcript->first({"a", "main"}), 2 * piece);
  EXPECT_EQ(transcript->first({"b", "main"}), 0U);
  EXPECT_EQ(files(), 3U);
  const auto gone = transcript->fetch({"a", "main"}, 5, piece);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, Errc::not_found);
  EXPECT_THAT(gone.error().text, HasSubstr("the bytes 5 to 40000 were deleted by retention"));
  EXPECT_EQ(transcript->fetch({"a", "main"}, 2 * piece, 4 * piece)->size(), 2 * piece);
  reopen();
  EXPECT_EQ(transcript->end({"a", "main"}), 4 * piece);
  EXPECT_EQ(transcript->fetch({"a", "main"}, 0, piece).error().code, Errc::not_found);
}

TEST_F(RetentionTest, the_labs_quota_takes_the_oldest_of_any_board) {
  segment("a");
  segment("b");
  segment("a");
  segment("b");
  apply(keep(3 * piece + piece / 2, 1 << 20));
  EXPECT_EQ(transcript->first({"a", "main"}), piece);
  EXPECT_EQ(transcript->first({"b", "main"}), 0U);
}

TEST_F(RetentionTest, what_is_too_old_goes_but_never_a_consoles_newest_segment) {
  for (int i = 0; i < 3; ++i) segment("a");
  apply(keep(1 << 20, 1 << 20, 1s), 1000);
  EXPECT_EQ(transcript->first({"a", "main"}), 2 * piece);
  reopen();
  EXPECT_EQ(transcript->end({"a", "main"}), 3 * piece) << "offsets never begin anew";
}

TEST_F(RetentionTest, what_a_running_job_needs_stays) {
  segment("a");
  const auto job = transcript->hold("a");
  segment("a");
  segment("a");
  apply(keep(0, 0));
  EXPECT_EQ(transcript->first({"a", "main"}), piece) << "what was there before the job may go";
  const auto first_job_of_b = transcript->hold("b");
  segment("b");
  segment("b");
  apply(keep(0, 0));
  EXPECT_EQ(transcript->first({"b", "main"}), 0U);
}

TEST_F(RetentionTest, after_the_job_it_may_go) {
  segment("a");
  auto job = transcript->hold("a");
  segment("a");
  segment("a");
  job.reset();
  apply(keep(0, 0));
  EXPECT_EQ(transcript->first({"a", "main"}), 2 * piece);
  EXPECT_GT(transcript->deleted_bytes(), 0U);
}

}  // namespace
}  // namespace hilltop::boards
