// SPDX-License-Identifier: Apache-2.0
#include "boards/console/fault_watch.hpp"

#include <gmock/gmock.h>

#include <mutex>
#include <thread>

#include "boards/console/transcript.hpp"
#include "tests/boards/console/console_fixture.hpp"

namespace hilltop::boards {
namespace {

RuleSet rules() {
  Rule panic;
  panic.id = "linux-panic";
  panic.summary = "kernel panic";
  panic.pattern = "Kernel panic - not syncing";
  Rule warning = panic;
  warning.id = "linux-warning";
  warning.severity = Severity::warning;
  warning.pattern = "WARNING:";
  return RuleSet::compile({panic, warning}).value();
}

struct FaultWatchTest : testing::Test {
  void SetUp() override {
    auto options = options_in(folder.path());
    options.window_bytes = 64 << 10;
    engine = ConsoleEngine::open(options).value();
    console = engine->add("b", "main", line.host.get()).value();
  }
  void watch(std::chrono::milliseconds coalesce, std::chrono::milliseconds quiet = 5ms) {
    const FaultWatch::Options options{1ms, quiet, coalesce};
    watcher = std::make_unique<FaultWatch>(
        engine->transcript(),
        [this](const SeenFault& fault) {
          const std::lock_guard lock(mutex);
          seen.push_back(fault);
        },
        options);
    ASSERT_TRUE(watcher->add(console, rules(), demux::decoders_from("kernel").value()));
  }
  std::vector<SeenFault> wait_for(std::size_t count) {
    for (const auto until = Deadline::after(patience); !until.passed(); std::this_thread::yield()) {
      const std::lock_guard lock(mutex);
      if (seen.size() >= count) return seen;
    }
    ADD_FAILURE() << "only " << seen.size() << " faults";
    return {SeenFault()};
  }
  TemporaryFolder folder;
  Line line;
  std::unique_ptr<ConsoleEngine> engine;
  std::shared_ptr<Console> console;
  std::mutex mutex;
  std::vector<SeenFault> seen;
  std::unique_ptr<FaultWatch> watcher;
};

TEST_F(FaultWatchTest, a_fault_is_told_with_its_rule_line_and_place) {
  line.say("before\n");
  while (console->end() < 7) std::this_thread::yield();
  watch(1h);
  line.say("[    1.500000] WARNING: at x\r\n[    1.600000] \x1b[31mKernel panic - not syncing: x\r\nmore\r\n");
  const auto fault = wait_for(1).at(0);
  EXPECT_EQ(fault.rule, "linux-panic");
  EXPECT_EQ(fault.summary, "kernel panic");
  EXPECT_EQ(fault.board, "b");
  EXPECT_EQ(fault.channel, "kernel");
  EXPECT_EQ(fault.line, "[    1.600000] Kernel panic - not syncing: x");
  EXPECT_EQ(fault.offset, 7U + 30U + 20U);
  EXPECT_EQ(fault.count, 1U);
}

TEST_F(FaultWatchTest, last_words_without_a_line_end_count_when_the_line_is_quiet) {
  watch(1h);
  line.say("Kernel panic - not syncing: the end");
  EXPECT_EQ(wait_for(1).at(0).line, "Kernel panic - not syncing: the end");
}

TEST_F(FaultWatchTest, a_flood_of_faults_is_one_word_and_a_count) {
  watch(300ms, 1h);
  std::string flood;
  for (int i = 0; i < 1000; ++i) flood += "Kernel panic - not syncing: " + std::to_string(i) + "\n";
  line.say(flood);
  const auto told = wait_for(2);
  EXPECT_EQ(told[0].count, 1U);
  std::uint32_t all = 0;
  for (const auto until = Deadline::after(patience); all < 1000 && !until.passed(); std::this_thread::yield()) {
    const std::lock_guard lock(mutex);
    all = 0;
    for (const auto& fault : seen) all += fault.count;
  }
  EXPECT_EQ(all, 1000U);
  EXPECT_EQ(watcher->stats().faults, 1000U);
  const std::lock_guard lock(mutex);
  EXPECT_LT(seen.size(), 100U);
}

TEST_F(FaultWatchTest, what_fell_out_of_memory_is_read_from_the_transcript) {
  watch(0ms, 1h);
  std::thread talker([this] {
    for (int i = 0; i < 200; ++i) line.say(std::string(99'999, 'x') + "\nKernel panic - not syncing: x\n");
  });
  wait_for(200);
  talker.join();
  EXPECT_EQ(watcher->stats().missed, 0U);
  EXPECT_EQ(watcher->stats().faults, 200U);
  EXPECT_EQ(watcher->stats().lag, 0U);
}

TEST_F(FaultWatchTest, a_console_that_is_not_watched_any_more_is_silent) {
  watch(1h);
  watcher->remove("b", "main");
  line.say("Kernel panic - not syncing: unheard\n");
  while (console->end() == 0) std::this_thread::yield();
  ASSERT_TRUE(watcher->add(console, rules(), {}));
  line.say("Kernel panic - not syncing: heard\n");
  EXPECT_EQ(wait_for(1).at(0).line, "Kernel panic - not syncing: heard");
}

}  // namespace
}  // namespace hilltop::boards
