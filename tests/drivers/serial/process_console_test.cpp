// SPDX-License-Identifier: Apache-2.0
#include "drivers/api/device.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/pty.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::drivers {
namespace {

struct ProcessConsole : testing::Test {
  int open(const std::string& address) {
    auto made = process_console.make(Env{worker.io.get_executor(), {}}, tests::yaml(address));
    EXPECT_TRUE(made) << made.error().text;
    device = *std::move(made);
    const auto fd = worker.run(device->console("main")->open(Deadline::after(std::chrono::seconds(10))));
    EXPECT_TRUE(fd) << fd.error().text;
    return fd ? *fd : -1;
  }
  tests::Worker worker;
  std::unique_ptr<Device> device;
};

TEST_F(ProcessConsole, BothWaysThroughATerminalAndThroughASocket) {
  for (const auto* terminal : {"yes", "no"}) {
    const int fd = open(std::string("{driver: process, command: [cat], terminal: ") + terminal + "}");
    const auto all = tests::every_byte();
    ASSERT_EQ(::write(fd, all.data(), all.size()), static_cast<ssize_t>(all.size()));
    EXPECT_EQ(worker.read_until(fd, "end"), all) << terminal;
  }
}

TEST_F(ProcessConsole, TheTerminalIsOneAndTheEnvironmentIsThere) {
  const int fd = open(
      "{driver: process, command: [sh, -c, 'test -t 0 && echo $GREETING; exec cat'], environment: {GREETING: hello}}");
  EXPECT_EQ(worker.read_until(fd, "\n"), "hello\n");
}

TEST_F(ProcessConsole, TheLineEndsWithTheProgramAndBeginsAgain) {
  for (const auto* terminal : {"yes", "no"}) {
    int fd = open(std::string("{driver: process, command: [echo, last words], terminal: ") + terminal + "}");
    EXPECT_EQ(worker.read_until(fd, "\n"), "last words\n");
    char byte = 0;
    EXPECT_TRUE(worker.run_until([&] {
      const auto n = ::read(fd, &byte, 1);
      return n == 0 || (n < 0 && errno == EIO);
    }));
    auto* stream = device->console("main");
    EXPECT_TRUE(stream->reopens());
    stream->close();
    fd = worker.run(stream->open(Deadline::after(std::chrono::seconds(10)))).value();
    EXPECT_EQ(worker.read_until(fd, "\n"), "last words\n");
  }
}

TEST_F(ProcessConsole, AProgramThatIsMissingIsSaid) {
  const auto made = process_console.make(Env{worker.io.get_executor(), {}},
                                         tests::yaml("{driver: process, command: [no-such-program]}"));
  const auto fd = worker.run((*made)->console("main")->open(Deadline::after(std::chrono::seconds(10))));
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().code, Errc::not_found);
}

TEST(ProcessConsoleAddress, IsChecked) {
  const auto check = [](std::string_view text) {
    Diagnostics diagnostics;
    process_console.check(tests::yaml(text), diagnostics);
    return diagnostics.to_string();
  };
  EXPECT_EQ(check("{driver: process, command: [ssh, lab-2, picocom, /dev/ttyS3], restart: no}"), "");
  EXPECT_TRUE(check("{driver: process, command: 'ssh lab-2'}").contains("must be a list"));
  EXPECT_TRUE(check("{driver: process, command: []}").contains("names no program"));
  EXPECT_TRUE(check("{driver: process, command: [a], enviroment: {}}").contains("environment"));
}

}  // namespace
}  // namespace hilltop::drivers
