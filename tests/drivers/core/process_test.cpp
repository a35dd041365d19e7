// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "tests/drivers/core/run_task.hpp"

namespace hilltop {
namespace {

using test::run_task;

Command python(std::string script) { return Command({"/usr/bin/python3", "-c", std::move(script)}); }
Deadline soon() { return Deadline::after(30s); }

class ProcessTest : public testing::Test {
 protected:
  Result<ToolOutput> run(Command command) { return run_task(context_, run_tool(std::move(command), soon())); }
  asio::io_context context_;
};

TEST_F(ProcessTest, CollectsOutputAndStatus) {
  const auto out = run(python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"));
  ASSERT_TRUE(out) << out.error().text;
  EXPECT_EQ(out->status, 3);
  EXPECT_TRUE(out->text.contains("out\n") && out->text.contains("err\n")) << out->text;
}

TEST_F(ProcessTest, ASignalIsAStatusAbove128) {
  const auto out = run(python("import os, signal; os.kill(os.getpid(), signal.SIGTERM)"));
  ASSERT_TRUE(out) << out.error().text;
  EXPECT_EQ(out->status, 128 + SIGTERM);
}

TEST_F(ProcessTest, LosesNoByteOfALargeOutputAndKeepsTheLast64KiB) {
  std::size_t bytes = 0;
  Process::OutputHandler count = [&](std::string_view piece) { bytes += piece.size(); };
  const auto out = run_task(context_, run_tool(python("print('x' * 999999); print('end')"), soon(), std::move(count)));
  ASSERT_TRUE(out) << out.error().text;
  EXPECT_EQ(bytes, 1'000'004U);
  EXPECT_EQ(out->text.size(), 64U * 1024);
  EXPECT_TRUE(out->text.ends_with("x\nend\n"));
}

TEST_F(ProcessTest, AMissingProgramIsNamedWithWhatToDo) {
  const auto out = run(Command({"no-such-tool", "-x"}));
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, Errc::not_found);
  EXPECT_EQ(out.error().blame, Blame::configuration);
  EXPECT_EQ(out.error().text, "no-such-tool: not found in PATH: install it, or add its folder to the PATH of hilltopd");
  const auto path = run(Command({"/nowhere/tool"}));
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().code, Errc::not_found);
  EXPECT_EQ(path.error().text, "/nowhere/tool: No such file or directory: install it, or correct its path");
}

TEST_F(ProcessTest, WhatMayNotBeRunIsDenied) {
  const auto out = run(Command({"/etc/passwd"}));
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, Errc::denied);
  EXPECT_EQ(out.error().blame, Blame::configuration);
}

TEST_F(ProcessTest, AMissingFolderIsNamed) {
  auto command = python("");
  command.cwd = "/nowhere";
  const auto out = run(std::move(command));
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, Errc::not_found);
  EXPECT_EQ(out.error().text, "/usr/bin/python3: folder /nowhere: No such file or directory");
}

TEST_F(ProcessTest, AnEmptyCommandIsABug) {
  const auto out = run(Command());
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().blame, Blame::bug);
}

TEST_F(ProcessTest, RunsInItsFolderWithItsEnvironmentAndNoInput) {
  auto command =
      python("import os, sys; print(os.getcwd(), os.environ['HILLTOP_X'], os.environ['HOME'], repr(sys.stdin.read()))");
  command.cwd = "/usr";
  command.environment = {{"HILLTOP_X", "a b"}, {"HOME", "/elsewhere"}};
  const auto out = run(std::move(command));
  ASSERT_TRUE(out) << out.error().text;
  EXPECT_EQ(out->text, "/usr a b /elsewhere ''\n");
}

TEST_F(ProcessTest, PassesTheNamedDescriptorsAndNoOther) {
  const int leak = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC, on purpose
  std::array<int, 2> pair{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()), 0);
  auto command = python(
      "import os; os.write(4, b'four'); os.write(3, b'three'); "
      "print(sorted(int(f) for f in os.listdir('/proc/self/fd'))[:-1])");
  command.pass_fds = {{pair[0], 4}, {pair[0], 3}};  // numbers that are in use in the parent, perhaps by each other
  const auto out = run(std::move(command));
  ASSERT_TRUE(out) << out.error().text;
  EXPECT_EQ(out->text, "[0, 1, 2, 3, 4]\n");
  std::array<char, 16> said{};
  EXPECT_EQ(::read(pair[1], said.data(), said.size()), 9);
  EXPECT_EQ(std::string_view(said.data()), "fourthree");
  for (const int fd : {leak, pair[0], pair[1]}) ::close(fd);
}

TEST_F(ProcessTest, StartsWithStandardSignalHandling) {
  struct sigaction ignore{};
  struct sigaction before{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGUSR1, &ignore, &before);
  const auto out = run(python("import os, signal; os.kill(os.getpid(), signal.SIGUSR1)"));
  ::sigaction(SIGUSR1, &before, nullptr);
  ASSERT_TRUE(out) << out.error().text;
  EXPECT_EQ(out->status, 128 + SIGUSR1);
}

TEST_F(ProcessTest, IsKilledAtTheDeadline) {
  const auto out = run_task(context_, run_tool(Command({"sleep", "1000"}), Deadline::after(50ms)));
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, Errc::timeout);
  EXPECT_EQ(out.error().blame, Blame::infrastructure);
  EXPECT_EQ(out.error().text, "sleep: time is over");
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);  // nothing is left to reap
}

Task<> run_and_keep(Command command, std::shared_ptr<Result<ToolOutput>> out) {
  *out = co_await run_tool(std::move(command), Deadline::never());
  co_return ok();
}

TEST_F(ProcessTest, IsKilledOnCancellation) {
  auto out = std::make_shared<Result<ToolOutput>>();
  TaskScope scope(context_.get_executor(), "test");
  scope.spawn("tool", run_and_keep(Command({"sleep", "1000"}), out));
  context_.poll();
  scope.cancel_all();
  while (scope.running() > 0 && context_.run_one() > 0) {
  }
  ASSERT_FALSE(*out);
  EXPECT_EQ(out->error().code, Errc::canceled);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST_F(ProcessTest, LeftoversOfTheGroupEndWithTheirLeader) {
  // The grandchild holds the pipe open: its end is seen as the end of the pipe's other copy.
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  auto command = python("import subprocess; subprocess.Popen(['sleep', '1000'], close_fds=False); print('leader')");
  command.pass_fds = {{ends[1], 5}};
  const auto out = run(std::move(command));
  ::close(ends[1]);
  ASSERT_TRUE(out) << out.error().text;
  EXPECT_EQ(out->text, "leader\n");
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 0);  // end of file: nobody holds the write end any more
  ::close(ends[0]);
}

TEST_F(ProcessTest, DiesWithItsObject) {
  auto process = Process::start(context_.get_executor(), Command({"sleep", "1000"}));
  ASSERT_TRUE(process) << process.error().text;
  const int pid = (*process)->pid();
  EXPECT_TRUE((*process)->running());
  EXPECT_EQ(::getpgid(pid), pid);
  process->reset();
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  context_.run();  // its handlers end without touching anything
}

TEST_F(ProcessTest, MayBeDestroyedByItsOwnOutput) {
  std::unique_ptr<Process> process;
  bool called = false;
  auto started = Process::start(context_.get_executor(),
                                python("print('x', flush=True); import time; time.sleep(1000)"), [&](std::string_view) {
                                  called = true;
                                  process.reset();
                                });
  ASSERT_TRUE(started) << started.error().text;
  process = *std::move(started);
  context_.run();
  EXPECT_TRUE(called);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

Task<int> signal_and_wait(Process& process, int signal) {
  process.signal(signal);
  co_return co_await process.wait(Deadline::after(30s));
}

TEST_F(ProcessTest, IsSignaledAndWaitedFor) {
  auto process = Process::start(context_.get_executor(), Command({"sleep", "1000"}));
  ASSERT_TRUE(process) << process.error().text;
  const auto status = run_task(context_, signal_and_wait(**process, SIGINT));
  ASSERT_TRUE(status) << status.error().text;
  EXPECT_EQ(*status, 128 + SIGINT);
  EXPECT_FALSE((*process)->running());
  const auto again = run_task(context_, (*process)->wait(Deadline::after(0s)));  // known: asks nobody
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, 128 + SIGINT);
}

TEST_F(ProcessTest, ANonZeroStatusIsAnErrorWhereAsked) {
  const auto out = run_task(context_, run_tool_checked(python("print('one\\ntwo'); raise SystemExit(2)"), soon()));
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, Errc::unavailable);
  EXPECT_EQ(out.error().blame, Blame::infrastructure);
  EXPECT_EQ(out.error().text, "/usr/bin/python3: ended with status 2: one | two");
  const auto killed = run_task(context_, run_tool_checked(python("import os; os.abort()"), soon()));
  ASSERT_FALSE(killed);
  EXPECT_EQ(killed.error().text, "/usr/bin/python3: ended by signal 6");
}

TEST(Command, IsWrittenWithQuotesWhereNeeded) {
  EXPECT_EQ(Command({"qemu", "-kernel", "a b", "it's", ""}).to_string(), "qemu -kernel 'a b' 'it'\\''s' ''");
}

}  // namespace
}  // namespace hilltop
