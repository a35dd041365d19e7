// SPDX-License-Identifier: Apache-2.0
#include "boards/console/expect.hpp"

#include <gmock/gmock.h>

#include <random>
#include <thread>

#include "boards/console/line_watch.hpp"
#include "tests/boards/console/console_fixture.hpp"

namespace hilltop::boards {
namespace {

/// A console whose bytes arrive as a test wants them to. Thread: one.
class ScriptedConsole final : public Console {
 public:
  ScriptedConsole(std::string text, std::function<std::size_t()> chunk, std::size_t window = 1 << 20)
      : text_(std::move(text)), chunk_(std::move(chunk)), window_(window) {}
  const std::string& board() const override { return name_; }
  const std::string& name() const override { return name_; }
  std::uint64_t end() const override { return text_.size(); }
  Task<ConsoleChunk> read(std::uint64_t from, std::size_t max, Deadline) override { return give(this, from, max); }
  Task<std::string> fetch(std::uint64_t from, std::uint64_t to, Deadline) override {
    return give_stored(this, from, to);
  }
  Task<std::uint64_t> offset_at(UtcTime) override { return never_asked(); }
  Task<> write(std::string, Typing, Deadline) override { return refuse(); }
  void set_down(Error) override {}
  void set_up() override {}
  std::size_t fetched = 0;

 private:
  static Task<ConsoleChunk> give(ScriptedConsole* self, std::uint64_t from, std::size_t max) {
    ConsoleChunk out;
    if (from >= self->text_.size()) co_return Error(Errc::unavailable, Blame::dut, "the board is off");
    // Of every few reads one comes late: what it asks for has left the memory.
    const bool late =
        self->window_ < self->text_.size() && ++self->reads_ % 5 == 0 && from + self->window_ < self->text_.size();
    out.lost = late ? self->window_ : 0;
    out.offset = from + out.lost;
    out.bytes = self->text_.substr(out.offset, std::min(max, std::max<std::size_t>(self->chunk_(), 1)));
    co_return out;
  }
  static Task<std::string> give_stored(ScriptedConsole* self, std::uint64_t from, std::uint64_t to) {
    ++self->fetched;
    co_return self->text_.substr(from, to - from);
  }
  static Task<std::uint64_t> never_asked() { co_return Error(Errc::unsupported, Blame::bug, "not asked for here"); }
  static Task<> refuse() { co_return Error(Errc::unsupported, Blame::bug, "not asked for here"); }

  std::string name_ = "scripted";
  std::string text_;
  std::function<std::size_t()> chunk_;
  std::size_t window_;
  std::size_t reads_ = 0;
};

struct Seen {
  std::size_t pattern;
  std::uint64_t begin;
  std::string text;
  std::string before;
  bool operator==(const Seen&) const = default;
};

std::vector<Seen> all_matches(const std::shared_ptr<Console>& console, const PatternSet& patterns,
                              std::size_t window = 64 * 1024) {
  asio::io_context io;
  Expect expect(console, 0, window);
  std::vector<Seen> out;
  for (;;) {
    const auto match = run(io, expect.expect(patterns, Deadline::after(patience)));
    if (!match) {
      EXPECT_EQ(match.error().text, "the board is off");
      return out;
    }
    EXPECT_EQ(match->end - match->begin, match->text.size());
    EXPECT_EQ(expect.position(), match->end);
    out.push_back({match->pattern, match->begin, match->text, match->before});
  }
}

std::string console_text(std::size_t bytes, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  static const std::vector<std::string> words = {"PASS - test_a\r\n",
                                                 "FAIL - test_b\r\n",
                                                 "<LAVA_SIGNAL_TESTCASE x>",
                                                 "\r\n",
                                                 "login: ",
                                                 "# ",
                                                 "\0",
                                                 "[    1.23] usb\r\n",
                                                 "Running suite\r\n---\r\nTest suite result: ",
                                                 "PASSED\r\n",
                                                 "\xff\xfe",
                                                 "S"};
  std::string out;
  while (out.size() < bytes) out += words[random() % words.size()];
  return out;
}

TEST(Expect, neither_misses_nor_doubles_a_match_at_any_chunk_size) {
  const auto patterns =
      PatternSet::compile({"(PASS|FAIL) - (\\w+)\r\n", "<LAVA_SIGNAL_(\\S+) ([^>]+)>",
                           "login: ", "Running suite\r\n.{3}\r\nTest suite result: PASSED", "\\xff\\xfe"})
          .value();
  const auto text = console_text(60'000, 3);
  const auto whole = all_matches(std::make_shared<ScriptedConsole>(text, [&] { return text.size(); }), patterns);
  ASSERT_GT(whole.size(), 1'000U);
  std::mt19937_64 random(1);
  for (const std::size_t chunk : {1UL, 7UL, 64UL, 300UL, 4'096UL, 0UL}) {
    const auto next = [&] { return chunk > 0 ? chunk : random() % 1'000; };
    EXPECT_EQ(all_matches(std::make_shared<ScriptedConsole>(text, next), patterns), whole) << chunk;
  }
}

TEST(Expect, reads_on_from_the_transcript_where_memory_ends) {
  const auto patterns = PatternSet::compile({"(PASS|FAIL) - (\\w+)\r\n", "<LAVA_SIGNAL_(\\S+) ([^>]+)>"}).value();
  const auto text = console_text(60'000, 4);
  const auto whole = all_matches(std::make_shared<ScriptedConsole>(text, [&] { return text.size(); }), patterns);
  const auto late = std::make_shared<ScriptedConsole>(text, [] { return 500; }, 2'000);
  EXPECT_EQ(all_matches(late, patterns), whole);
  EXPECT_GT(late->fetched, 5U);
}

TEST(Expect, a_match_across_the_whole_window_is_found_and_older_bytes_are_not_kept) {
  const std::string text =
      "A" + std::string(100, '-') + "B" + std::string(5'000, '.') + "A" + std::string(98, '-') + "B";
  const auto patterns = PatternSet::compile({"A.{98}B"}).value();
  for (const std::size_t chunk : {1UL, 50UL, 6'000UL}) {
    const auto matches = all_matches(std::make_shared<ScriptedConsole>(text, [&] { return chunk; }), patterns, 100);
    ASSERT_EQ(matches.size(), 1U) << chunk;
    EXPECT_EQ(matches[0].begin, 5'102U);
  }
}

struct LiveExpect : testing::Test {
  void SetUp() override {
    engine = ConsoleEngine::open(options_in(folder.path())).value();
    console = engine->add("b", "main", line.host.get()).value();
  }
  TemporaryFolder folder;
  asio::io_context io;
  Line line;
  std::unique_ptr<ConsoleEngine> engine;
  std::shared_ptr<Console> console;
};

TEST_F(LiveExpect, times_out_in_silence_and_in_a_flood_and_consumes_nothing) {
  const auto patterns = PatternSet::compile({"never said"}).value();
  Expect expect(console, 0);
  auto silence = run(io, expect.expect(patterns, Deadline::after(10ms)));
  EXPECT_EQ(silence.error().code, Errc::timeout);
  EXPECT_EQ(silence.error().blame, Blame::dut);
  EXPECT_FALSE(expect.heard_anything());
  std::atomic<bool> stop{false};
  std::thread flood([&] {
    while (!stop && write_all(line.board.get(), "all work and no play\r\n")) {
    }
  });
  auto flooded = run(io, expect.expect(patterns, Deadline::after(50ms)));
  stop = true;
  flood.join();
  EXPECT_EQ(flooded.error().code, Errc::timeout);
  EXPECT_TRUE(expect.heard_anything());
  EXPECT_THAT(expect.tail(20), testing::EndsWith("\\r\\n"));
}

TEST_F(LiveExpect, searches_what_is_there_even_when_time_is_over) {
  line.say("login: ");
  ASSERT_TRUE(run(io, read_all(console, 0, 7)));
  Expect expect(console, 0);
  EXPECT_TRUE(run(io, expect.expect(PatternSet::compile({"login: "}).value(), Deadline::after(0ms))));
}

TEST_F(LiveExpect, last_words_count_before_the_error) {
  line.say("Kernel panic - not syncing");
  ASSERT_TRUE(run(io, read_all(console, 0, 26)));
  console->set_down(Error(Errc::unavailable, Blame::dut, "no power"));
  Expect expect(console, 0);
  EXPECT_TRUE(run(io, expect.expect(PatternSet::compile({"Kernel panic"}).value(), Deadline::never())));
  EXPECT_EQ(run(io, expect.expect(PatternSet::compile({"login"}).value(), Deadline::never())).error().text, "no power");
  EXPECT_EQ(expect.tail(), " - not syncing");
}

TEST_F(LiveExpect, drains_and_skips) {
  line.say("old noise");
  Expect expect(console, 0);
  EXPECT_EQ(run(io, expect.drain(20ms, Deadline::after(patience))).value(), "old noise");
  EXPECT_EQ(expect.position(), 9U);
  line.say("# # ");
  ASSERT_TRUE(run(io, read_all(console, 9, 13)));
  expect.skip_to(11);
  const auto match = run(io, expect.expect(PatternSet::compile({"# "}).value(), Deadline::after(patience)));
  EXPECT_EQ(match->begin, 11U);
  expect.skip_to(3);
  EXPECT_EQ(expect.position(), 13U);
}

TEST_F(LiveExpect, an_empty_pattern_matches_at_once) {
  Expect expect(console, 0);
  const auto match = run(io, expect.expect(PatternSet::compile({""}).value(), Deadline::after(patience)));
  ASSERT_TRUE(match);
  EXPECT_EQ(match->end, 0U);
}

TEST_F(LiveExpect, is_canceled) {
  Expect expect(console, 0);
  TaskScope scope(io.get_executor(), "test");
  std::optional<Result<Match>> out;
  scope.spawn("expect", keep_result<Match>(expect.expect(PatternSet::compile({"x"}).value(), Deadline::never()), &out));
  io.poll();
  EXPECT_FALSE(out);
  scope.cancel_all();
  while (scope.running() > 0 && io.run_one() > 0) {
  }
  EXPECT_EQ(out->error().code, Errc::canceled);
}

TEST_F(LiveExpect, a_watch_finds_each_fault_once) {
  Rule panic;
  panic.id = "panic";
  panic.pattern = "Kernel panic";
  Rule warning;
  warning.id = "warning";
  warning.pattern = "warn";
  warning.severity = Severity::warning;
  LineWatch watch(console, 0, RuleSet::compile({panic, warning}).value());
  line.say("ok\r\nwarn\r\n\x1b[31m[ 1.0] Kernel\x1b[0m panic - one\r\nfine\nKernel panic - two");
  const auto one = run(io, watch.next(Deadline::after(patience)));
  ASSERT_TRUE(one) << one.error().text;
  EXPECT_EQ(one->rule.id, "panic");
  EXPECT_EQ(one->offset, 10U);
  EXPECT_EQ(one->line, "\x1b[31m[ 1.0] Kernel\x1b[0m panic - one");
  EXPECT_EQ(run(io, watch.next(Deadline::after(20ms))).error().code, Errc::timeout) << "the second line has not ended";
  console->set_down(Error(Errc::unavailable, Blame::dut, "no power"));
  EXPECT_EQ(run(io, watch.next(Deadline::after(patience)))->line, "Kernel panic - two");
  EXPECT_EQ(run(io, watch.next(Deadline::after(patience))).error().text, "no power");
  EXPECT_EQ(watch.position(), console->end());
}

}  // namespace
}  // namespace hilltop::boards
