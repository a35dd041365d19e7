// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/support/pipeline_bench.hpp"

namespace hilltop::jobs {
namespace {

using test::PipelineBench;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto job =
    "- boot:\n    method: minimal\n    timeout: {seconds: 2}\n    prompts: ['root@board:~# ']\n"
    "    auto_login: {login_prompt: 'board login:', username: root, password_prompt: 'Password:', password: s3cret, "
    "login_commands: [dmesg -n 1]}\n";

void linux_board(PipelineBench& bench, std::string answer_to_password) {
  auto* console = bench.board->main.get();
  bench.board->on_start = [console](int) { console->say("Linux version 6.1\r\nboard login: "); };
  console->on_typed = [console, answer_to_password](const std::string& line) {
    if (line == "root")
      console->say("root\r\nPassword: ");
    else if (line == "s3cret")
      console->say("\r\n" + answer_to_password);
    else
      console->say(line + "\r\nroot@board:~# ");
  };
}

TEST(Login, LogsInAndTypesItsCommands) {
  PipelineBench bench;
  linux_board(bench, "root@board:~# ");
  const auto out = bench.run(job);
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench.board->main->typed, ElementsAre("root", "s3cret", "dmesg -n 1"));
  EXPECT_FALSE(bench.sink.says("s3cret"));
}

TEST(Login, ARefusedLoginIsIncomplete) {
  PipelineBench bench;
  linux_board(bench, "Login incorrect\r\nboard login: ");
  const auto out = bench.run(job);
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::dut);
  EXPECT_THAT(out.reason, HasSubstr("refused"));
}

TEST(Login, AShellWithoutALoginPromptIsNoLogin) {
  PipelineBench bench;
  bench.board->on_start = [&](int) { bench.board->main->say("root@board:~# "); };
  const auto out = bench.run(job);
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::dut);
  EXPECT_THAT(bench.board->main->typed, ElementsAre());
}

TEST(Login, SilenceIsBlamedOnTheInfrastructure) {
  PipelineBench bench;
  const auto out = bench.run(job);
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::infrastructure);
  EXPECT_TRUE(out.board_suspect);
}

}  // namespace
}  // namespace hilltop::jobs
