// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <functional>
#include <thread>

#include "boards/console/console.hpp"
#include "tests/boards/console/console_fixture.hpp"

namespace hilltop::boards {
namespace {

/// A board that answers each byte that it gets with what `answer` says, until its line is closed.
class EchoingBoard {
 public:
  EchoingBoard(int fd, std::function<std::string(char)> answer)
      : thread_([this, fd, answer = std::move(answer)] {
          char c = 0;
          while (::read(fd, &c, 1) == 1) {
            heard_ += c;
            if (!write_all(fd, answer(c))) return;
          }
        }) {}
  ~EchoingBoard() { join(); }
  EchoingBoard(const EchoingBoard&) = delete;
  EchoingBoard& operator=(const EchoingBoard&) = delete;
  /// Call after the engine has let go of the line and the host's end is closed.
  std::string join() {
    if (thread_.joinable()) thread_.join();
    return heard_;
  }

 private:
  std::string heard_;
  std::thread thread_;
};

struct TypingTest : testing::Test {
  void SetUp() override {
    engine = ConsoleEngine::open(options_in(folder.path())).value();
    console = engine->add("b", "main", line.host.get()).value();
  }
  Result<> type(std::string bytes, Typing typing, std::chrono::nanoseconds patience_for_it = patience) {
    return run(io, console->write(std::move(bytes), typing, Deadline::after(patience_for_it)));
  }
  void hang_up() {
    engine->close("b", "main");
    ::shutdown(line.host.get(), SHUT_RDWR);
  }
  TemporaryFolder folder;
  asio::io_context io;
  Line line;
  std::unique_ptr<ConsoleEngine> engine;
  std::shared_ptr<Console> console;
  const Typing checked{.char_delay = 0ms, .check_echo = true, .chunk = 4};
};

TEST_F(TypingTest, a_checked_echo_lets_the_text_through) {
  EchoingBoard board(line.board.get(), [](char c) { return c == '\n' ? "\r\n" : std::string(1, c); });
  ASSERT_TRUE(type("setenv bootargs console=ttyS0\n", checked));
  hang_up();
  EXPECT_EQ(board.join(), "setenv bootargs console=ttyS0\n");
}

TEST_F(TypingTest, output_in_between_is_tolerated) {
  EchoingBoard board(line.board.get(), [n = 0](char c) mutable {
    return ++n % 3 == 0 ? "[7]\r\n" + std::string(1, c) : std::string(1, c);
  });
  ASSERT_TRUE(type("abcdefgh", checked));
  hang_up();
  EXPECT_EQ(board.join(), "abcdefgh");
}

TEST_F(TypingTest, what_the_board_lost_is_typed_again) {
  std::string kept;  // what the board's line editor holds
  EchoingBoard board(line.board.get(), [&kept, n = 0](char c) mutable -> std::string {
    if (++n == 3 || n == 4) return "";  // an overrun
    if (c == 0x7f) {
      kept.pop_back();
      return "\b \b";
    }
    kept += c;
    return {c};
  });
  ASSERT_TRUE(type("abcdefgh", checked));
  hang_up();
  board.join();
  EXPECT_EQ(kept, "abcdefgh");
}

TEST_F(TypingTest, a_character_lost_in_the_middle_is_put_in_its_place) {
  std::string kept;
  EchoingBoard board(line.board.get(), [&kept, n = 0](char c) mutable -> std::string {
    if (++n == 2) return "";
    if (c == 0x7f) {
      kept.pop_back();
      return "\b \b";
    }
    kept += c;
    return {c};
  });
  ASSERT_TRUE(type("abcd", checked));
  hang_up();
  board.join();
  EXPECT_EQ(kept, "abcd");
}

TEST_F(TypingTest, an_echo_that_never_comes_is_the_boards_fault_and_shown) {
  EchoingBoard board(line.board.get(), [](char) { return "?"; });
  const auto typed = type("abcd", checked);
  ASSERT_FALSE(typed);
  EXPECT_EQ(typed.error().code, Errc::mismatch);
  EXPECT_EQ(typed.error().blame, Blame::dut);
  EXPECT_THAT(typed.error().text, testing::HasSubstr("'abcd'; it said '????"));
  hang_up();
}

TEST_F(TypingTest, a_line_that_takes_nothing_times_out_and_the_next_writer_has_its_turn) {
  const auto stuck = type(std::string(16 << 20, 'x'), {}, 50ms);
  ASSERT_FALSE(stuck);
  EXPECT_EQ(stuck.error().code, Errc::timeout);
  EXPECT_EQ(stuck.error().blame, Blame::dut);
  std::string heard;
  std::thread board([&] {
    while (!heard.ends_with("END")) heard += line.hear(1);
  });
  EXPECT_TRUE(type("END", {}));
  board.join();
  EXPECT_LT(heard.size(), 16U << 20);
  EXPECT_EQ(heard.find_first_not_of('x'), heard.size() - 3);
}

TEST_F(TypingTest, writers_take_turns) {
  std::string heard;
  std::thread board([&] { heard = line.hear(3 * 300'000); });
  TaskScope scope(io.get_executor(), "writers");
  std::vector<std::optional<Result<>>> results(3);
  for (std::size_t i = 0; i < 3; ++i)
    scope.spawn("writer", keep_result<void>(console->write(std::string(300'000, static_cast<char>('a' + i)), {},
                                                           Deadline::after(patience)),
                                            &results[i]));
  while (scope.running() > 0 && io.run_one() > 0) {
  }
  board.join();
  EXPECT_EQ(heard, std::string(300'000, 'a') + std::string(300'000, 'b') + std::string(300'000, 'c'));
}

TEST_F(TypingTest, a_canceled_writer_gives_its_turn_away) {
  TaskScope scope(io.get_executor(), "writers");
  std::optional<Result<>> first;
  std::optional<Result<>> second;
  const auto id = scope.spawn(
      "first", keep_result<void>(console->write(std::string(16 << 20, 'x'), {}, Deadline::never()), &first));
  scope.spawn("second", keep_result<void>(console->write("END", {}, Deadline::after(patience)), &second));
  io.poll();
  scope.cancel(id);
  std::string heard;
  std::thread board([&] {
    while (!heard.ends_with("END")) heard += line.hear(1);
  });
  while (scope.running() > 0 && io.run_one() > 0) {
  }
  board.join();
  EXPECT_EQ(first->error().code, Errc::canceled);
  EXPECT_TRUE(second->has_value());
}

TEST_F(TypingTest, characters_are_paced) {
  const auto begun = Deadline::Clock::now();
  ASSERT_TRUE(type("12345", {.char_delay = 5ms}));
  EXPECT_GE(Deadline::Clock::now() - begun, 25ms);
  EXPECT_EQ(line.hear(5), "12345");
}

}  // namespace
}  // namespace hilltop::boards
