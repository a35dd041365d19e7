// SPDX-License-Identifier: Apache-2.0
#include "boards/console/line_reader.hpp"

#include <poll.h>
#include <pty.h>
#include <termios.h>

#include <algorithm>
#include <array>

#include "tests/boards/console/console_fixture.hpp"

namespace hilltop::boards {
namespace {

struct Pty {
  Pty() {
    int ends[2];
    termios raw{};
    ::cfmakeraw(&raw);
    EXPECT_EQ(::openpty(&ends[0], &ends[1], nullptr, &raw, nullptr), 0);
    board = FileHandle(ends[0]);
    host = FileHandle(ends[1]);
    EXPECT_EQ(::fcntl(host.get(), F_SETFL, O_NONBLOCK), 0);
  }
  FileHandle board, host;
};

/// Lines with memory of their own, and what they said.
struct LineReaderTest : testing::TestWithParam<std::string> {
  void SetUp() override {
    const auto room = [this](std::uint32_t line) { return std::span<char>(memory[line]); };
    auto made = GetParam() == "epoll" ? LineReader::make_epoll(room) : LineReader::make_io_uring(room);
    if (!made) GTEST_SKIP() << made.error().text;
    reader = *std::move(made);
    EXPECT_EQ(reader->name(), GetParam());
  }
  /// Reads until there is nothing at the moment.
  void collect() {
    for (bool again = true; again;) {
      std::vector<LineRead> reads;
      again = reader->collect(reads);
      for (const auto& read : reads) {
        if (read.got > 0) heard[read.line].append(memory[read.line].data(), static_cast<std::size_t>(read.got));
        if (read.got <= 0) ended[read.line] = true;
      }
    }
  }
  void collect_until(const std::function<bool()>& done) {
    for (const auto until = Deadline::after(patience); !done() && !until.passed();) {
      pollfd wait{reader->fd(), POLLIN, 0};
      ASSERT_EQ(::poll(&wait, 1, 60'000), 1) << "the reader does not tell";
      collect();
    }
    EXPECT_TRUE(done());
  }

  std::array<std::array<char, 64>, 300> memory{};  // outlives the reader
  std::array<std::string, 300> heard;
  std::array<bool, 300> ended{};
  std::unique_ptr<LineReader> reader;
};

TEST_P(LineReaderTest, reads_what_comes_and_waits_for_nothing) {
  const std::array<Pty, 20> ptys;
  for (std::uint32_t i = 0; i < ptys.size(); ++i) ASSERT_TRUE(reader->add(i, ptys[i].host.get()));
  collect();
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < ptys.size(); i += 2)
      ASSERT_TRUE(write_all(ptys[i].board.get(), "line " + std::to_string(i) + ";"));
    collect_until([&] {
      for (std::size_t i = 0; i < ptys.size(); i += 2)
        if (std::ranges::count(heard[i], ';') != round + 1) return false;
      return true;
    });
  }
  EXPECT_EQ(heard[4], "line 4;line 4;line 4;");
  EXPECT_EQ(heard[5], "");
  EXPECT_FALSE(ended[4]);
}

TEST_P(LineReaderTest, an_end_is_told_apart_from_silence) {
  Pty gone;
  const Pty silent;
  Line closed;
  ASSERT_TRUE(reader->add(0, gone.host.get()));
  ASSERT_TRUE(reader->add(1, silent.host.get()));
  ASSERT_TRUE(reader->add(2, closed.host.get()));
  closed.say("last words");
  gone.board = FileHandle();
  closed.board = FileHandle();
  collect_until([&] { return ended[0] && ended[2]; });
  EXPECT_EQ(heard[2], "last words");
  EXPECT_FALSE(ended[1]);
}

TEST_P(LineReaderTest, three_hundred_lines_at_once) {
  const std::vector<Line> lines(300);
  for (std::uint32_t i = 0; i < lines.size(); ++i) {
    ASSERT_TRUE(reader->add(i, lines[i].host.get()));
    lines[i].say(std::to_string(i) + ";");
  }
  collect_until([&] { return std::ranges::all_of(heard, [](const auto& text) { return text.ends_with(';'); }); });
  for (std::size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(heard[i], std::to_string(i) + ";");
}

TEST_P(LineReaderTest, a_line_that_is_let_go_of_loses_no_byte) {
  std::string all;
  const Line line;
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(reader->add(0, line.host.get()));
    collect();
    line.say("x" + std::to_string(i));
    if (const auto came = reader->remove(0); came > 0) heard[0].append(memory[0].data(), came);
    all += "x" + std::to_string(i);
  }
  ASSERT_TRUE(reader->add(0, line.host.get()));
  collect_until([&] { return heard[0].size() >= all.size(); });
  EXPECT_EQ(heard[0], all);
  EXPECT_EQ(reader->remove(7), 0U) << "is not there";
}

INSTANTIATE_TEST_SUITE_P(Engines, LineReaderTest, testing::Values("epoll", "io_uring"),
                         [](const auto& test) { return test.param; });

TEST(LineReader, epoll_is_what_is_asked_for) { EXPECT_EQ((*LineReader::make(ReadEngine::epoll, {}))->name(), "epoll"); }

}  // namespace
}  // namespace hilltop::boards
