// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>

#include "drivers/fake/replay_device.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::drivers {
namespace {

struct Board {
  explicit Board(std::string_view script) {
    Diagnostics diagnostics;
    auto read = read_replay_script(tests::yaml(script), diagnostics);
    EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.to_string();
    device = ReplayDevice::make(Env{worker.io.get_executor(), dir.path()}, std::move(read));
    console = *worker.run(device->console("main")->open(soon()));
  }
  ~Board() { EXPECT_TRUE(worker.run(device->shut_down(soon()))); }
  static Deadline soon() { return Deadline::after(std::chrono::seconds(20)); }
  Result<> power(PowerState wanted) { return worker.run(device->power()->set(wanted, soon())); }
  PowerState state() { return *worker.run(device->power()->state(soon())); }
  void type(std::string_view text) {
    ASSERT_EQ(::write(console, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string read_until(std::string_view wanted) { return worker.read_until(console, wanted); }

  tests::TemporaryDir dir;
  tests::Worker worker;
  std::unique_ptr<ReplayDevice> device;
  int console = -1;
};

TEST(Replay, SaysBytesExactlyAndAgainAtEachPowerOn) {
  Board board(R"([{say: "\0boot\r\n"}, {say_base64: "/wA="}, {say: "a", repeat: 3, after_ms: 1}, {say: "> "}])");
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(board.power(PowerState::on));
    EXPECT_EQ(board.read_until("> "), std::string("\0boot\r\n\xff\0aaa> ", 14));
    ASSERT_TRUE(board.power(PowerState::off));
  }
  EXPECT_EQ(board.device->counters().power_ons, 2u);
  EXPECT_EQ(board.device->counters().power_offs, 2u);
}

TEST(Replay, AnswersWhatIsTypedAndEchoesIt) {
  Board board(R"([{echo: true}, {say: "$ "}, {repeat: 0, steps: [{expect: "(\\w+)\r"}, {say: "\nok\r\n$ "}]}])");
  ASSERT_TRUE(board.power(PowerState::on));
  board.read_until("$ ");
  board.type("one\r");
  EXPECT_EQ(board.read_until("$ "), "one\r\nok\r\n$ ");
  board.type("two\rthree\r");
  const auto said = board.read_until("ok\r\n$ \nok\r\n$ ");
  EXPECT_TRUE(said.contains("two\rthree\r"));
  EXPECT_EQ(board.device->counters().typed, "one\rtwo\rthree\r");
}

TEST(Replay, WhatIsTypedWithoutPowerIsLost) {
  Board board(R"([{expect: "x"}, {say: "got it"}])");
  board.type("x");
  ASSERT_TRUE(board.power(PowerState::on));
  board.type("y");
  ASSERT_TRUE(board.worker.run_until([&] { return board.device->counters().typed == "y"; }));
  board.type("x");
  EXPECT_EQ(board.read_until("got it"), "got it");
}

TEST(Replay, FloodsEveryLine) {
  Board board("[{flood: {lines: 50000, text: line}}, {say: end}]");
  ASSERT_TRUE(board.power(PowerState::on));
  const auto said = board.read_until("end");
  std::string wanted;
  for (int i = 0; i < 50000; ++i) wanted += "line " + std::to_string(i) + "\r\n";
  EXPECT_EQ(said, wanted + "end");
}

TEST(Replay, DiesAndSaysSoAfterItsLastByte) {
  Board board(R"([{say: "last words"}, {die: "brown-out"}, {say: never}])");
  std::string reason;
  board.device->power()->on_lost([&](std::string text) { reason = std::move(text); });
  ASSERT_TRUE(board.power(PowerState::on));
  ASSERT_TRUE(board.worker.run_until([&] { return !reason.empty(); }));
  EXPECT_EQ(reason, "brown-out");
  EXPECT_EQ(board.state(), PowerState::off);
  EXPECT_EQ(board.read_until("last words"), "last words");
}

TEST(Replay, PowerCutStopsAFloodThatNobodyReads) {
  Board board("[{flood: {lines: 10000000}}]");
  ASSERT_TRUE(board.power(PowerState::on));
  ASSERT_TRUE(board.power(PowerState::off));
  EXPECT_EQ(board.state(), PowerState::off);
}

TEST(Replay, ResetPlaysTheScriptOfTheNextBoot) {
  Board board(R"([{say: "first. ", boot: 1}, {say: "second. ", boot: 2}, {silent: true}, {say: never}])");
  EXPECT_FALSE(board.worker.run(board.device->probe()->reset(ResetKind::hard, Board::soon()))) << "without power";
  ASSERT_TRUE(board.power(PowerState::on));
  EXPECT_EQ(board.read_until(". "), "first. ");
  ASSERT_TRUE(board.worker.run(board.device->probe()->reset(ResetKind::hard, Board::soon())));
  EXPECT_EQ(board.read_until(". "), "second. ");
  EXPECT_EQ(board.device->counters().resets, 1u);
}

TEST(Replay, FaultsHappenAsOftenAsTheScriptSays) {
  Board board("{fail_power_on: 1, read_back_wrong: 1, fail_flash: 1, steps: []}");
  const auto failed = board.power(PowerState::on);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().blame, Blame::infrastructure);
  ASSERT_TRUE(board.power(PowerState::on));
  EXPECT_EQ(board.state(), PowerState::off) << "wrong once";
  EXPECT_EQ(board.state(), PowerState::on);
  std::ofstream(board.dir.path() / "image") << "bytes";
  FlashImage image;
  image.path = board.dir.path() / "image";
  const auto wrong = board.worker.run(board.device->flasher()->flash({image}, {}, Board::soon()));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Errc::mismatch);
  EXPECT_EQ(wrong.error().blame, Blame::dut);
  EXPECT_TRUE(board.worker.run(board.device->flasher()->flash({image}, {}, Board::soon())));
}

TEST(ReplayScript, MistakesHaveTheirPlace) {
  Diagnostics diagnostics;
  const auto check = [&](std::string_view text) {
    diagnostics = Diagnostics();
    replay.check(tests::yaml(text), diagnostics);
    return diagnostics.to_string();
  };
  EXPECT_TRUE(check("driver: replay\nscript:\n  - {sya: x}\n").contains("test.yaml:3:6"));
  EXPECT_TRUE(check("driver: replay\nscript:\n  - {say: x, die: y}\n").contains("one of say"));
  EXPECT_TRUE(check("driver: replay\nscript:\n  - {expect: '('}\n").contains("no regular expression"));
  EXPECT_TRUE(check("driver: replay\nscript:\n  - {say_base64: '%'}\n").contains("not base64"));
  EXPECT_TRUE(check("driver: replay\nscript:\n  - {say_file: no-such.log}\n").contains("cannot read"));
  EXPECT_TRUE(check("driver: replay\nscript: no-such.yaml\n").contains("no-such.yaml"));
  EXPECT_TRUE(check("driver: replay\n").contains("'script' is missing"));
  EXPECT_EQ(check("driver: replay\nscript: {fail_power_on: 1, steps: [{say: x}]}\n"), "");
}

}  // namespace
}  // namespace hilltop::drivers
