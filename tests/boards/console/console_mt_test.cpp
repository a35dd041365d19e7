// SPDX-License-Identifier: Apache-2.0
#include "boards/console/console.hpp"

#include "boards/console/expect.hpp"
#include "boards/console/transcript.hpp"
#include "tests/boards/console/console_fixture.hpp"

namespace hilltop::boards {
namespace {

struct ConsoleTest : testing::Test {
  void SetUp() override {
    engine = ConsoleEngine::open(options_in(folder.path())).value();
    console = engine->add("b1", "main", line.host.get()).value();
  }
  TemporaryFolder folder;
  asio::io_context io;
  Line line;
  std::unique_ptr<ConsoleEngine> engine;
  std::shared_ptr<Console> console;
};

TEST_F(ConsoleTest, a_reader_gets_what_the_board_says) {
  line.say("hello\r\n");
  EXPECT_EQ(run(io, read_all(console, 0, 7)).value(), "hello\r\n");
  EXPECT_EQ(console->end(), 7U);
  EXPECT_EQ(console->board(), "b1");
  EXPECT_EQ(console->name(), "main");
}

TEST_F(ConsoleTest, a_read_waits_for_its_deadline_and_no_longer) {
  const auto got = run(io, console->read(0, 100, Deadline::after(20ms)));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::timeout);
  EXPECT_EQ(got.error().blame, Blame::infrastructure);
}

TEST_F(ConsoleTest, what_is_typed_reaches_the_board) {
  ASSERT_TRUE(run(io, console->write("root\n", {}, Deadline::after(patience))));
  EXPECT_EQ(line.hear(5), "root\n");
}

TEST_F(ConsoleTest, expect_finds_what_comes_later) {
  line.say("U-Boot 2023.01\nlogin: ");
  Expect expect(console, 0);
  const auto match = run(io, expect.expect(PatternSet::compile({"# $", "login: ", "U-Boot (?P<year>\\d+)"}).value(),
                                           Deadline::after(patience)));
  ASSERT_TRUE(match) << match.error().text;
  EXPECT_EQ(match->pattern, 2U);
  EXPECT_EQ(match->groups.at("year"), "2023");
  EXPECT_EQ(expect.position(), match->end);
}

TEST_F(ConsoleTest, a_board_that_is_down_is_read_to_its_end_first) {
  line.say("last words");
  ASSERT_TRUE(run(io, read_all(console, 0, 10)));
  console->set_down(Error(Errc::unavailable, Blame::dut, "no power"));
  EXPECT_EQ(run(io, console->read(5, 100, Deadline::never())).value().bytes, "words");
  const auto after = run(io, console->read(10, 100, Deadline::never()));
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().text, "no power");
  console->set_up();
  EXPECT_EQ(run(io, console->read(10, 100, Deadline::after(5ms))).error().code, Errc::timeout);
}

TEST_F(ConsoleTest, a_line_that_ends_says_so_and_can_be_added_again) {
  line.say("abc");
  line.board = FileHandle();
  const auto ended = run(io, console->read(3, 100, Deadline::after(patience)));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Errc::unavailable);
  EXPECT_EQ(run(io, console->write("x", {}, Deadline::after(patience))).error().code, Errc::unavailable);
  Line again;
  ASSERT_TRUE(engine->add("b1", "main", again.host.get()));
  again.say("def");
  EXPECT_EQ(run(io, read_all(console, 0, 6)).value(), "abcdef");
  engine->close("b1", "main");
}

TEST_F(ConsoleTest, offsets_go_on_after_a_close_and_after_a_restart) {
  line.say("one");
  ASSERT_TRUE(run(io, read_all(console, 0, 3)));
  EXPECT_EQ(engine->add("b1", "main", line.host.get()).error().code, Errc::busy);
  engine->close("b1", "main");
  EXPECT_EQ(run(io, console->read(3, 1, Deadline::never())).error().code, Errc::unavailable);
  console = engine->add("b1", "main", line.host.get()).value();
  EXPECT_EQ(console->end(), 3U);
  line.say("two");
  EXPECT_EQ(run(io, read_all(console, 3, 6)).value(), "two");
  EXPECT_EQ(run(io, console->fetch(0, 100, Deadline::after(patience))).value(), "onetwo");
  engine.reset();
  engine = ConsoleEngine::open(options_in(folder.path())).value();
  console = engine->add("b1", "main", line.host.get()).value();
  EXPECT_EQ(console->end(), 6U);
  EXPECT_EQ(run(io, console->fetch(1, 5, Deadline::after(patience))).value(), "netw");
}

TEST_F(ConsoleTest, a_second_engine_in_the_same_folder_is_refused) {
  const auto second = ConsoleEngine::open(options_in(folder.path()));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::busy);
}

}  // namespace
}  // namespace hilltop::boards
