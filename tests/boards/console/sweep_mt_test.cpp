// SPDX-License-Identifier: Apache-2.0
// Many busy lines are swept; one that somebody types at is not.
#include <pty.h>
#include <termios.h>

#include <atomic>
#include <thread>

#include "tests/boards/console/console_fixture.hpp"

namespace hilltop::boards {
namespace {

constexpr std::size_t count = 40;
constexpr std::size_t piece = 48;

/// Boards on terminals, of which all but the first talk all the time, as UARTs do.
struct Boards {
  Boards() {
    for (std::size_t i = 0; i < count; ++i) {
      int ends[2];
      termios raw{};
      ::cfmakeraw(&raw);
      EXPECT_EQ(::openpty(&ends[0], &ends[1], nullptr, &raw, nullptr), 0);
      ptys.emplace_back(ends[0], ends[1]);
      EXPECT_EQ(::fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    }
  }
  void talk(std::size_t first) {
    talker = std::thread([this, first] {
      for (std::size_t at = 0; !quiet && at + piece <= text.size(); at += piece) {
        for (std::size_t i = first; i < count; ++i)
          EXPECT_TRUE(write_all(ptys[i].first.get(), std::string_view(text).substr(at, piece)));
        said = at + piece;
        ::poll(nullptr, 0, 2);
      }
    });
  }
  void be_quiet() {
    quiet = true;
    if (talker.joinable()) talker.join();
  }
  ~Boards() { be_quiet(); }

  const std::string text = noise(4 << 20, 21);
  std::vector<std::pair<FileHandle, FileHandle>> ptys;
  std::atomic<bool> quiet{false};
  std::atomic<std::size_t> said{0};
  std::thread talker;
};

struct Sweeps : testing::TestWithParam<ReadEngine> {
  Sweeps() {
    auto options = options_in(folder.path());
    options.engine = GetParam();
    engine = ConsoleEngine::open(std::move(options)).value();
    for (std::size_t i = 0; i < count; ++i)
      consoles.push_back(engine->add("board" + std::to_string(i), "main", boards.ptys[i].second.get()).value());
  }
  TemporaryFolder folder;
  Boards boards;
  std::unique_ptr<ConsoleEngine> engine;
  std::vector<std::shared_ptr<Console>> consoles;
};

TEST_P(Sweeps, busy_lines_are_swept_quiet_ones_are_not_and_no_byte_is_lost) {
  boards.talk(1);
  wait_until([&] { return engine->stats().lines_swept == count - 1; });
  asio::io_context io;
  ASSERT_TRUE(write_all(boards.ptys[0].first.get(), "all alone"));
  EXPECT_EQ(run(io, read_all(consoles[0], 0, 9)).value(), "all alone");
  EXPECT_EQ(engine->stats().lines_swept, count - 1);
  boards.be_quiet();
  ASSERT_TRUE(write_all(boards.ptys[1].first.get(), "the end"));  // a word now and then is not busy
  const auto said = boards.said.load();
  for (std::size_t i = 1; i < count; ++i) {
    const auto expected = boards.text.substr(0, said) + (i == 1 ? "the end" : "");
    EXPECT_EQ(run(io, read_all(consoles[i], 0, expected.size())).value(), expected) << i;
  }
  wait_until([&] { return engine->stats().lines_swept == 0; });
}

TEST_P(Sweeps, a_line_that_somebody_types_at_is_read_at_once) {
  boards.talk(0);
  wait_until([&] { return engine->stats().lines_swept == count; });
  asio::io_context io;
  ASSERT_TRUE(run(io, consoles[7]->write("k", {}, Deadline::after(patience))));
  EXPECT_EQ(engine->stats().lines_swept, count - 1);
  boards.be_quiet();
  const auto said = boards.said.load();
  EXPECT_EQ(run(io, read_all(consoles[7], 0, said)).value(), boards.text.substr(0, said));
}

TEST_P(Sweeps, a_swept_line_can_be_taken_away_and_hung_up) {
  boards.talk(2);
  wait_until([&] { return engine->stats().lines_swept == count - 2; });
  engine->close("board5", "main");
  EXPECT_LT(engine->stats().lines_swept, count - 2);
  boards.be_quiet();
  const auto said = boards.said.load();
  wait_until([&] { return consoles[6]->end() == said; });  // a terminal that hangs up drops what nobody has read
  boards.ptys[6].first = FileHandle();
  asio::io_context io;
  EXPECT_FALSE(run(io, consoles[6]->read(said, 1, Deadline::after(patience))));
  EXPECT_EQ(run(io, read_all(consoles[6], 0, said)).value(), boards.text.substr(0, said));
  wait_until([&] { return engine->stats().lines_swept == 0; });
}

INSTANTIATE_TEST_SUITE_P(Engines, Sweeps, testing::Values(ReadEngine::automatic, ReadEngine::epoll));

}  // namespace
}  // namespace hilltop::boards
