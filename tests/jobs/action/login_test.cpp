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

std::string with_password(std::string password) {
  std::string text = job;
  return text.replace(text.find("s3cret"), 6, password);
}

// The echo of a password that is typed before the board has turned it off.
void echoing_board(PipelineBench& bench, std::string between, std::string behind) {
  auto* console = bench.board->main.get();
  bench.board->on_start = [console](int) { console->say("root file system mounted\r\nboard login: "); };
  auto lines = std::make_shared<int>(0);
  console->on_typed = [console, lines, between, behind](const std::string& line) {
    if (++*lines == 1)
      console->say("root\r\nPassword: ");
    else if (*lines == 2)
      console->say(between + line + "\r\n" + behind);
    else
      console->say(line + "\r\nroot@board:~# ");
  };
}

TEST(Login, APasswordThatIsAUsualWordIsMaskedWhereItIsTypedAlone) {
  for (const std::string between : {"", "[    9.1] usb 1-1: new device\r\n"}) {
    PipelineBench bench;
    echoing_board(bench, between, "Last login of root\r\nroot@board:~# ");
    const auto out = bench.run(with_password("root"));
    EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
    const auto lines = bench.sink.texts(LogLevel::target);
    EXPECT_TRUE(bench.sink.says(between.empty() ? "Password: [MASKED]" : "[MASKED]"));
    EXPECT_THAT(lines, ::testing::Contains("root file system mounted"));
    EXPECT_THAT(lines, ::testing::Contains("Last login of root"));
    EXPECT_THAT(lines, ::testing::Not(::testing::Contains("root")));
    EXPECT_THAT(lines, ::testing::Not(::testing::Contains("Password: root")));
    EXPECT_THAT(bench.sink.texts(LogLevel::input), ElementsAre("root", "[MASKED]", "dmesg -n 1"));
  }
}

TEST(Login, ThePasswordIsNotInTheReason) {
  PipelineBench bench;
  echoing_board(bench, "", "it hangs in test mode");
  const auto out = bench.run(with_password("test"));
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_THAT(out.reason, HasSubstr("[MASKED]\xef\xbf\xbdit hangs in test mode")) << out.reason;
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
