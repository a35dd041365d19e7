// SPDX-License-Identifier: Apache-2.0
// What goes wrong around a console: each byte is stored, or its loss is recorded with its bounds.
#include <gmock/gmock.h>
#include <poll.h>
#include <pty.h>
#include <sys/resource.h>
#include <termios.h>

#include <algorithm>
#include <thread>

#include "boards/console/console.hpp"
#include "boards/console/transcript.hpp"
#include "tests/boards/console/console_fixture.hpp"
#include "tests/boards/console/faulty_disk.hpp"
#include "tests/boards/console/set_clock.hpp"

namespace hilltop::boards {
namespace {

using test::FaultyDisk;
constexpr std::size_t limit = 256 << 10;

std::vector<ConsoleRecord> records_of(const std::shared_ptr<Console>& console, RecordKind kind) {
  static asio::io_context io;  // who wakes it is not done with it when it wakes: it outlives the engine's threads
  auto all = run(io, console->records(0, UINT64_MAX)).value();
  std::erase_if(all, [&](const ConsoleRecord& r) { return r.kind != kind; });
  return all;
}

struct DiskFaults : testing::Test {
  void SetUp() override {
    auto options = options_in(folder.path());
    options.disk = disk;
    options.pending_limit_bytes = limit;
    options.window_bytes = 64 << 10;
    options.segment_bytes = 512 << 10;
    engine = ConsoleEngine::open(options).value();
    console = engine->add("b", "main", line.host.get()).value();
    talker = std::thread([this] { line.say(sent); });
  }
  void expect_every_byte() {
    talker.join();
    EXPECT_EQ(run(io, read_all(console, 0, sent.size())).value(), sent);
    engine.reset();
    const auto transcript = Transcript::open(folder.path(), Transcript::Mode::read_only).value();
    EXPECT_EQ(transcript->fetch({"b", "main"}, 0, sent.size()).value(), sent);
  }
  TemporaryFolder folder;
  std::shared_ptr<FaultyDisk> disk = std::make_shared<FaultyDisk>();
  asio::io_context io;
  const std::string sent = noise(4 << 20, 3);
  Line line;
  std::unique_ptr<ConsoleEngine> engine;
  std::shared_ptr<Console> console;
  std::thread talker;
};

TEST_F(DiskFaults, a_disk_that_stalls_costs_no_byte_and_no_memory) {
  disk->stall(true);
  wait_until([&] { return engine->stats().pauses > 0; });
  const auto pending = engine->stats().pending_bytes;
  EXPECT_GT(pending, limit);
  EXPECT_LT(pending, 2 * limit + (1 << 20)) << "one batch of reads more, at most";
  EXPECT_GT(console->end(), limit / 2) << "the line was read on meanwhile";
  EXPECT_EQ(run(io, console->read(console->end() - 10, 10, Deadline::after(patience))).value().bytes.size(), 10U)
      << "live readers do not wait for the disk";
  disk->stall(false);
  wait_until([&] { return console->end() == sent.size() && engine->stats().pending_bytes == 0; });
  const auto pauses = records_of(console, RecordKind::paused);
  ASSERT_FALSE(pauses.empty()) << "what a UART may have lost meanwhile has bounds";
  for (const auto& pause : pauses) EXPECT_LE(pause.bound, pause.time);
  expect_every_byte();
}

TEST_F(DiskFaults, a_full_disk_is_written_again_when_there_is_room) {
  wait_until([&] { return console->end() > limit; });
  disk->fill(true);
  wait_until([&] { return disk->refused() > 2; });
  disk->fill(false);
  expect_every_byte();
}

TEST(ConsoleFaults, a_port_that_flaps_a_hundred_times) {
  std::atomic<int> ends{0};  // outlives the engine
  const TemporaryFolder folder;
  auto engine = ConsoleEngine::open(options_in(folder.path())).value();
  auto line = std::make_unique<Line>();
  const auto console = engine->add("b", "main", line->host.get(), [&ends](const Error&) { ++ends; }).value();
  std::string sent;
  std::string heard;
  asio::io_context io;
  for (int i = 0; i < 100; ++i) {
    const auto words = "session " + std::to_string(i) + "\n";
    line->say(words);
    sent += words;
    line->board = FileHandle();
    wait_until([&] { return ends.load() == i + 1; });
    auto next = std::make_unique<Line>();
    ASSERT_TRUE(engine->replace("b", "main", next->host.get()));
    line = std::move(next);
    heard += run(io, read_all(console, heard.size(), sent.size())).value();  // the same reader all the time
  }
  EXPECT_EQ(heard, sent);
  wait_until([&] { return engine->stats().pending_bytes == 0; });
  const auto gaps = records_of(console, RecordKind::gap);
  ASSERT_EQ(gaps.size(), 100U);
  for (std::size_t i = 1; i < gaps.size(); ++i) {
    EXPECT_GT(gaps[i].offset, gaps[i - 1].offset);
    EXPECT_GE(gaps[i].bound, gaps[i - 1].time);
    EXPECT_GE(gaps[i].time, gaps[i].bound);
  }
  EXPECT_EQ(records_of(console, RecordKind::ended).size(), 100U);
  EXPECT_EQ(engine->replace("b", "other", 0).error().code, Errc::not_found);
}

TEST(ConsoleFaults, line_errors_are_records_with_their_counts) {
  const TemporaryFolder folder;
  auto engine = ConsoleEngine::open(options_in(folder.path())).value();
  const Line line;
  const auto console = engine->add("b", "main", line.host.get()).value();
  line.say("abc");
  asio::io_context io;
  ASSERT_TRUE(run(io, read_all(console, 0, 3)));
  engine->note("b", "main", {.overruns = 7, .parity = 2});
  wait_until([&] { return records_of(console, RecordKind::parity).size() == 1; });
  engine.reset();
  const auto transcript = Transcript::open(folder.path(), Transcript::Mode::read_write).value();
  const auto check = [&] {
    auto events = transcript->events({"b", "main"}).value();
    std::erase_if(events, [](const auto& e) { return e.kind < RecordKind::overrun || e.kind > RecordKind::parity; });
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].kind, RecordKind::overrun);
    EXPECT_EQ(events[0].count, 7U);
    EXPECT_EQ(events[0].offset, 3U);
    EXPECT_EQ(events[1].count, 2U);
  };
  check();
  for (const auto& journal : transcript->take_unsealed()) ASSERT_TRUE(transcript->seal(journal));
  check();
}

TEST(ConsoleFaults, a_clock_that_goes_back_is_recorded_and_times_are_monotone) {
  const TemporaryFolder folder;
  auto options = options_in(folder.path());
  const auto clock = std::make_shared<test::ShiftedClock>();
  options.clock = clock;
  auto engine = ConsoleEngine::open(options).value();
  const Line line;
  const auto console = engine->add("b", "main", line.host.get()).value();
  std::uint64_t said = 0;
  const auto say = [&] {
    line.say("x");
    ++said;
    wait_until([&] { return console->end() == said; });
  };
  say();
  clock->set_back(1h);
  for (const auto until = Deadline::after(patience); records_of(console, RecordKind::clock_step).empty();) {
    say();
    ASSERT_FALSE(until.passed());
  }
  const auto step = records_of(console, RecordKind::clock_step).at(0);
  EXPECT_NEAR(step.count, 3'600'000, 1'000);
  say();
  engine.reset();
  const auto transcript = Transcript::open(folder.path(), Transcript::Mode::read_only).value();
  const auto marks = transcript->marks({"b", "main"}, 0, said, 1 << 20).value();
  ASSERT_EQ(marks.size(), said);
  for (std::size_t i = 1; i < marks.size(); ++i) EXPECT_GE(marks[i].time, marks[i - 1].time);
  EXPECT_LT(marks.back().time - marks.front().time, 10min);
}

TEST(ConsoleFaults, five_hundred_and_twelve_ptys_at_once) {
  constexpr std::size_t count = 512;
  constexpr std::size_t bytes = 3000;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4096);
  ::setrlimit(RLIMIT_NOFILE, &files);
  const TemporaryFolder folder;
  std::vector<std::pair<FileHandle, FileHandle>> ptys;  // read until the engine ends
  auto engine = ConsoleEngine::open(options_in(folder.path())).value();
  std::vector<std::shared_ptr<Console>> consoles;
  for (std::size_t i = 0; i < count; ++i) {
    int ends[2];
    termios raw{};
    ::cfmakeraw(&raw);
    ASSERT_EQ(::openpty(&ends[0], &ends[1], nullptr, &raw, nullptr), 0);
    ptys.emplace_back(ends[0], ends[1]);
    consoles.push_back(engine->add("board" + std::to_string(i), "main", ends[1]).value());
  }
  const auto text = noise(bytes + count, 5);
  for (std::size_t at = 0; at < bytes; at += 300)
    for (std::size_t i = 0; i < count; ++i)
      ASSERT_TRUE(write_all(ptys[i].first.get(), std::string_view(text).substr(i + at, 300)));
  wait_until([&] { return engine->stats().bytes == count * bytes; });
  for (std::size_t i = 0; i < count; ++i) {
    asio::io_context io;
    EXPECT_EQ(run(io, read_all(consoles[i], 0, bytes)).value(), text.substr(i, bytes)) << i;
  }
  EXPECT_EQ(engine->stats().consoles, count);
}

// A board talks all the time; the power is cut at moments of which the board knows nothing.
TEST(PowerCut, loses_at_most_100_ms) {
  constexpr int rounds = 6;
  int in_time = 0;
  const TemporaryFolder folder;
  const auto disk = std::make_shared<FaultyDisk>();
  auto options = options_in(folder.path() / "live");
  options.disk = disk;
  options.segment_bytes = 256 << 10;
  auto engine = ConsoleEngine::open(options).value();
  const Line line;
  const auto console = engine->add("b", "main", line.host.get()).value();
  const auto sent = noise(8 << 20, 11);
  std::thread talker([&] {
    for (std::size_t at = 0; at < sent.size(); at += 4096) {
      line.say(std::string_view(sent).substr(at, 4096));
      ::poll(nullptr, 0, 1);  // paced, as a UART is
    }
  });
  for (int round = 0; round < rounds; ++round) {
    const auto then = console->end();
    ::poll(nullptr, 0, 100);  // the promise is about time
    const auto copy = folder.path() / std::to_string(round);
    disk->cut_power(folder.path() / "live", copy);
    const auto left = Transcript::open(copy, Transcript::Mode::read_write).value();
    const auto end = left->end({"b", "main"});
    const auto stored = left->fetch({"b", "main"}, 0, end);
    EXPECT_TRUE(stored.has_value() && *stored == sent.substr(0, end))
        << "round " << round << ": " << (stored ? "other bytes" : stored.error().text);
    in_time += end >= then ? 1 : 0;
  }
  EXPECT_GE(in_time, rounds / 2) << "the others are the disk's, or a busy machine's";
  talker.join();
}

}  // namespace
}  // namespace hilltop::boards
