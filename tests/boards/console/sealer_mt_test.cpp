// SPDX-License-Identifier: Apache-2.0
#include "boards/console/sealer.hpp"

#include <atomic>

#include "tests/boards/console/transcript_writer.hpp"

namespace hilltop::boards {
namespace {

const ConsoleKey key{"b", "main"};

struct SealerTest : testing::Test {
  SealerTest() {
    Retention for_ever;
    for_ever.keep = std::chrono::hours(24 * 365 * 1000);  // the writer's reads are of 1970
    writer.transcript->set_retention(for_ever);
  }
  std::shared_ptr<JournalFile> journal_with(const std::string& bytes) {
    writer.begin_journal();
    writer.say(key, bytes);
    return writer.journal();
  }
  [[nodiscard]] bool sealed(const std::shared_ptr<JournalFile>& journal) const {
    return !std::filesystem::exists(journal->path);
  }
  Sealer::Options quick() const {
    Sealer::Options out;
    out.rate_interval = std::chrono::milliseconds(1);
    out.waiting_limit_bytes = 1000;
    out.busy_bytes_a_second = 1;
    return out;
  }
  TemporaryFolder folder;
  test::TranscriptWriter writer{folder.path()};
  std::atomic<std::uint64_t> received{0};
};

TEST_F(SealerTest, seals_at_once_while_little_comes) {
  Sealer sealer(writer.transcript, [] { return 0; }, quick());
  const auto journal = journal_with("hello");
  sealer.seal(journal, 500);
  wait_until([&] { return sealed(journal); });
  EXPECT_EQ(writer.transcript->fetch(key, 0, 5).value(), "hello");
}

TEST_F(SealerTest, waits_while_much_comes_but_not_for_more_than_the_limit) {
  // More each time that it is asked: always busy.
  Sealer sealer(writer.transcript, [this] { return received += 1'000'000; }, quick());
  wait_until([&] { return received > 0; });
  const auto first = journal_with("one");
  const auto second = journal_with("two");
  sealer.seal(first, 600);
  const auto asked = received.load();
  wait_until([&] { return received > asked + 5'000'000; });  // it had the time
  EXPECT_FALSE(sealed(first));
  sealer.seal(second, 600);
  wait_until([&] { return sealed(first); });
  sealer.stop();
  EXPECT_FALSE(sealed(second));
  EXPECT_EQ(writer.transcript->fetch(key, 0, 6).value(), "onetwo");
}

}  // namespace
}  // namespace hilltop::boards
