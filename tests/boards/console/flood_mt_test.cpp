// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <pty.h>
#include <sys/resource.h>
#include <termios.h>

#include <boost/asio/executor_work_guard.hpp>
#include <thread>

#include "boards/console/console.hpp"
#include "boards/console/transcript.hpp"
#include "tests/boards/console/console_fixture.hpp"

namespace hilltop::boards {
namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(thread_sanitizer) || __has_feature(address_sanitizer);
#else
constexpr bool sanitized = false;
#endif

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Bytes that lines and terminals like to eat: NUL, XON, XOFF, 0xFF, broken UTF-8, carriage returns, and no newline for
// long.
std::string nasty(std::size_t bytes, std::uint64_t seed) {
  auto out = noise(bytes, seed);
  constexpr std::string_view favourites("\0\x11\x13\xff\xfe\r\x1b[2J\xc3(\x04\x03\x16", 16);
  for (std::size_t i = 0; i < out.size(); i += 7) out[i] = favourites[(i / 7) % favourites.size()];
  return out;
}

std::thread talk(int fd, std::string bytes) {
  return std::thread([fd, bytes = std::move(bytes)] { EXPECT_TRUE(write_all(fd, bytes)); });
}

// Reads what it gets, slowly; every gap is fetched.
Task<std::string> read_slowly(std::shared_ptr<Console> console, std::uint64_t to, std::uint64_t* lost) {
  std::string out;
  while (out.size() < to) {
    HILLTOP_CO_TRY(const auto chunk, co_await console->read(out.size(), 100'000, Deadline::after(patience)));
    if (chunk.lost > 0) {
      *lost += chunk.lost;
      HILLTOP_CO_TRY(const auto missed, co_await console->fetch(out.size(), chunk.offset, Deadline::after(patience)));
      EXPECT_EQ(missed.size(), chunk.lost);
      out += missed;
    }
    out += chunk.bytes;
    if (console->end() < to) HILLTOP_CO_CHECK(co_await sleep_for(20ms));
  }
  co_return out;
}

struct Raw {
  std::string name;
  FileHandle board;
  FileHandle host;
};

Raw make_pipe() {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  return {"pipe", FileHandle(ends[1]), FileHandle(ends[0])};
}

Raw make_pty() {
  int board = -1;
  int host = -1;
  termios raw{};
  ::cfmakeraw(&raw);
  EXPECT_EQ(::openpty(&board, &host, nullptr, &raw, nullptr), 0);
  return {"pty", FileHandle(board), FileHandle(host)};
}

Raw make_socketpair() {
  Line line;
  return {"socketpair", std::move(line.board), std::move(line.host)};
}

class Flood : public testing::TestWithParam<std::string> {};

TEST_P(Flood, every_byte_is_kept_whoever_reads) {
  const auto line = GetParam() == "pipe" ? make_pipe() : GetParam() == "pty" ? make_pty() : make_socketpair();
  const std::size_t size = (GetParam() == "pty" ? 16U << 20 : 64U << 20) / (sanitized ? 8 : 1);
  const auto sent = nasty(size, 1);
  const TemporaryFolder folder;
  auto engine = ConsoleEngine::open(options_in(folder.path())).value();
  const auto console = engine->add("b", "main", line.host.get()).value();
  std::string fast;
  std::string slow;
  std::uint64_t lost = 0;
  const auto cpu = cpu_seconds();
  const auto begun = std::chrono::steady_clock::now();
  std::thread fast_reader([&] {
    asio::io_context io;
    fast = run(io, read_all(console, 0, size)).value();
  });
  std::thread slow_reader([&] {
    asio::io_context io;
    slow = run(io, read_slowly(console, size, &lost)).value();
  });
  asio::io_context stopped_io;  // a reader that registered and whose thread never runs again
  TaskScope stopped(stopped_io.get_executor(), "stopped");
  std::optional<Result<std::string>> never;
  stopped.spawn("reader", keep_result<std::string>(read_all(console, 0, size), &never));
  stopped_io.run_one();
  auto talker = talk(line.board.get(), sent);
  talker.join();
  fast_reader.join();
  const auto wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  const auto used = cpu_seconds() - cpu;
  slow_reader.join();
  EXPECT_EQ(fast, sent);
  EXPECT_EQ(slow, sent);
  if (GetParam() != "pty" && !sanitized) EXPECT_GT(lost, 0U);
  EXPECT_EQ(engine->stats().bytes, size);
  RecordProperty("MB_per_second", std::to_string(static_cast<double>(size) / wall / 1e6));
  std::printf("%s: %.0f MB/s wall, %.0f MB per CPU second of everything (talker and readers too)\n", GetParam().c_str(),
              static_cast<double>(size) / wall / 1e6, static_cast<double>(size) / used / 1e6);
  engine.reset();
  const auto transcript = Transcript::open(folder.path(), Transcript::Mode::read_only).value();
  EXPECT_EQ(transcript->fetch({"b", "main"}, 0, size).value(), sent);
  stopped.cancel_all();
  stopped_io.restart();
  stopped_io.run();
}

INSTANTIATE_TEST_SUITE_P(Lines, Flood, testing::Values("pipe", "socketpair", "pty"),
                         [](const auto& test) { return test.param; });

TEST(ConsoleLoad, sixty_four_consoles_at_once_while_others_come_and_go) {
  constexpr std::size_t count = 64;
  constexpr std::size_t size = 200'000;
  const TemporaryFolder folder;
  auto options = options_in(folder.path());
  options.shards = 2;
  options.segment_bytes = 1 << 20;
  auto engine = ConsoleEngine::open(options).value();
  std::vector<Line> lines(count);
  std::vector<std::string> sent;
  std::vector<std::shared_ptr<Console>> consoles;
  for (std::size_t i = 0; i < count; ++i) {
    sent.push_back(nasty(size, i));
    consoles.push_back(engine->add("board" + std::to_string(i), "main", lines[i].host.get()).value());
  }
  std::thread talker([&] {
    for (std::size_t at = 0; at < size; at += 1000)
      for (std::size_t i = 0; i < count; ++i)
        EXPECT_TRUE(write_all(lines[i].board.get(), std::string_view(sent[i]).substr(at, 1000)));
  });
  for (int i = 0; i < 50; ++i) {
    const Line passing;
    auto console = engine->add("passing", "main", passing.host.get()).value();
    passing.say("x");
    asio::io_context io;
    const auto end = console->end();
    EXPECT_EQ(run(io, console->read(end > 0 ? end - 1 : 0, 1, Deadline::after(patience))).value().bytes, "x");
    engine->close("passing", "main");
    EXPECT_EQ(engine->find("passing", "main"), nullptr);
  }
  for (std::size_t i = 0; i < count; ++i) {
    asio::io_context io;
    EXPECT_EQ(run(io, read_all(consoles[i], 0, size)).value(), sent[i]) << i;
  }
  talker.join();
  EXPECT_EQ(engine->stats().consoles, count);
  engine.reset();
  const auto transcript = Transcript::open(folder.path(), Transcript::Mode::read_only).value();
  for (std::size_t i = 0; i < count; ++i)
    EXPECT_EQ(transcript->fetch({"board" + std::to_string(i), "main"}, 0, size).value(), sent[i]);
  EXPECT_EQ(transcript->consoles().size(), count + 1);
}

TEST(ConsoleLoad, reading_pauses_and_goes_on_when_the_disk_is_slower_than_the_line) {
  const TemporaryFolder folder;
  auto options = options_in(folder.path());
  options.pending_limit_bytes = 64 << 10;  // far less than one read can bring: reading pauses and goes on many times
  options.window_bytes = 64 << 10;
  auto engine = ConsoleEngine::open(options).value();
  const Line line;
  const auto console = engine->add("b", "main", line.host.get()).value();
  const auto sent = nasty(4 << 20, 9);
  auto talker = talk(line.board.get(), sent);
  asio::io_context io;
  EXPECT_EQ(run(io, read_all(console, 0, sent.size())).value(), sent);
  talker.join();
}

TEST(ConsoleLoad, a_hung_up_line_does_not_spin) {
  const TemporaryFolder folder;
  auto engine = ConsoleEngine::open(options_in(folder.path())).value();
  Line line;
  const auto console = engine->add("b", "main", line.host.get()).value();
  line.board = FileHandle();
  asio::io_context io;
  EXPECT_EQ(run(io, console->read(0, 1, Deadline::after(patience))).error().code, Errc::unavailable);
  const auto before = cpu_seconds();
  ASSERT_TRUE(run(io, sleep_for(200ms)).has_value());
  EXPECT_LT(cpu_seconds() - before, 0.1);
}

}  // namespace
}  // namespace hilltop::boards
