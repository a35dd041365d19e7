// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <termios.h>

#include "drivers/api/device.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::drivers {
namespace {

/// A pseudo terminal: `path` is the port.
struct Pty {
  Pty() : controller(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)) {
    EXPECT_EQ(::grantpt(controller), 0);
    EXPECT_EQ(::unlockpt(controller), 0);
    path = ::ptsname(controller);
  }
  ~Pty() { ::close(controller); }
  int controller;
  std::string path;
};

std::unique_ptr<Device> make(tests::Worker& worker, const std::string& address) {
  auto device = tty.make(Env{worker.io.get_executor(), {}}, tests::yaml(address));
  EXPECT_TRUE(device);
  return *std::move(device);
}

Deadline soon() { return Deadline::after(std::chrono::seconds(5)); }

TEST(Tty, ChangesNoByteInEitherDirection) {
  tests::Worker worker;
  const Pty pty;
  const auto device = make(worker, "{driver: tty, path: " + pty.path + ", baud: 921600}");
  const auto fd = worker.run(device->console("main")->open(soon()));
  ASSERT_TRUE(fd) << fd.error().text;
  termios line{};
  ASSERT_EQ(::tcgetattr(*fd, &line), 0);
  EXPECT_EQ(::cfgetospeed(&line), static_cast<speed_t>(B921600));
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  all += "end";
  ASSERT_EQ(::write(*fd, all.data(), all.size()), static_cast<ssize_t>(all.size()));
  EXPECT_EQ(worker.read_until(pty.controller, "end"), all);
  ASSERT_EQ(::write(pty.controller, all.data(), all.size()), static_cast<ssize_t>(all.size()));
  EXPECT_EQ(worker.read_until(*fd, "end"), all);
}

TEST(Tty, APortThatIsOpenIsBusy) {
  tests::Worker worker;
  const Pty pty;
  const auto first = make(worker, "{driver: tty, path: " + pty.path + "}");
  const auto second = make(worker, "{driver: tty, path: " + pty.path + "}");
  ASSERT_TRUE(worker.run(first->console("main")->open(soon())));
  const auto busy = worker.run(second->console("main")->open(soon()));
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().code, Errc::busy);
  first->console("main")->close();
  EXPECT_TRUE(worker.run(second->console("main")->open(soon())));
}

TEST(Tty, AMissingPortIsNotFoundAndAFileIsNoPort) {
  tests::Worker worker;
  const auto missing =
      worker.run(make(worker, "{driver: tty, path: /dev/serial/by-id/no-such}")->console("main")->open(soon()));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
  const auto file = worker.run(make(worker, "{driver: tty, path: /dev/null}")->console("main")->open(soon()));
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().blame, Blame::configuration);
}

TEST(Tty, CheckRefusesNamesThatMoveAndOddSpeeds) {
  const auto check = [](std::string_view text) {
    Diagnostics diagnostics;
    tty.check(tests::yaml(text), diagnostics);
    return diagnostics.to_string();
  };
  EXPECT_TRUE(check("{driver: tty, path: /dev/ttyUSB0}").contains("/dev/serial/by-id"));
  EXPECT_EQ(check("{driver: tty, path: /dev/ttyUSB0, allow_unstable: true}"), "");
  EXPECT_EQ(check("{driver: tty, path: /dev/serial/by-id/usb-x, baud: 9600}"), "");
  EXPECT_TRUE(check("{driver: tty, path: /dev/ttyS0, baud: 12345}").contains("12345"));
  EXPECT_TRUE(check("{driver: tty, pth: /dev/ttyS0}").contains("did you mean"));
}

}  // namespace
}  // namespace hilltop::drivers
