// SPDX-License-Identifier: Apache-2.0
#include "drivers/api/device.hpp"
#include "drivers/serial/tty_stream.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/pty.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::drivers {
namespace {

using tests::Pty;

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

TEST(Tty, TheLineCanBeDrivenOtherwiseAndStaysSoAfterItWasClosed) {
  tests::Worker worker;
  const Pty pty;
  const auto device = make(worker, "{driver: tty, path: " + pty.path + ", stop_bits: 2, flow: hardware}");
  auto* stream = device->console("main");
  ASSERT_TRUE(worker.run(stream->open(soon())));
  EXPECT_EQ(pty.line().c_cflag & CSTOPB, static_cast<tcflag_t>(CSTOPB));
  EXPECT_EQ(pty.line().c_cflag & CRTSCTS, static_cast<tcflag_t>(CRTSCTS));
  EXPECT_EQ(pty.line().c_iflag & IXON, 0U);
  LineSettings other;
  other.baud = 1500000;
  EXPECT_TRUE(stream->set_line(other));
  stream->close();
  ASSERT_TRUE(worker.run(stream->open(soon())));
  EXPECT_EQ(pty.speed(), static_cast<speed_t>(B1500000));
  EXPECT_EQ(pty.line().c_cflag & (CSTOPB | CRTSCTS), 0U);
}

TEST(Tty, WhatThePortDoesNotTakeIsRefusedAndTheLineStays) {
  tests::Worker worker;
  const Pty pty;
  const auto device = make(worker, "{driver: tty, path: " + pty.path + ", baud: 57600}");
  auto* stream = device->console("main");
  ASSERT_TRUE(worker.run(stream->open(soon())));
  LineSettings seven;
  seven.data_bits = 7;  // a pseudo terminal has 8
  EXPECT_EQ(stream->set_line(seven).error().code, Errc::unsupported);
  LineSettings odd;
  odd.baud = 12345;
  EXPECT_EQ(stream->set_line(odd).error().code, Errc::unsupported);
  EXPECT_EQ(pty.speed(), static_cast<speed_t>(B57600));
}

// Pseudo terminals count nothing, and so does many a port: that is no error.
TEST(Tty, APortWithoutCountersHasNoErrors) {
  tests::Worker worker;
  const Pty pty;
  const auto device = make(worker, "{driver: tty, path: " + pty.path + "}");
  ASSERT_TRUE(worker.run(device->console("main")->open(soon())));
  EXPECT_EQ(device->console("main")->take_errors(), LineErrors{});
}

TEST(Tty, ErrorsAreCountedSinceTheyWereLastAskedFor) {
  tests::Worker worker;
  const Pty pty;
  serial_icounter_struct counters{};
  counters.overrun = 7;  // before our time
  TtyStream stream({.path = pty.path}, [&](int, serial_icounter_struct& out) {
    out = counters;
    return true;
  });
  ASSERT_TRUE(worker.run(stream.open(soon())));
  EXPECT_FALSE(stream.take_errors().any());
  counters.overrun += 2;
  counters.frame += 3;
  counters.brk += 1;
  EXPECT_EQ(stream.take_errors(), (LineErrors{.overruns = 2, .framing = 3, .breaks = 1}));
  EXPECT_FALSE(stream.take_errors().any());
  counters.parity += 1;
  counters.buf_overrun += 1;
  EXPECT_EQ(stream.take_errors(), (LineErrors{.parity = 1, .buffer_overruns = 1}));
}

TEST(PtyConsole, IsOpenedByItsLinkAndAgainAfterItHasGone) {
  tests::Worker worker;
  const tests::TemporaryDir dir;
  const auto link = dir.path() / "board";
  auto board = std::make_unique<Pty>();
  std::filesystem::create_symlink(board->path, link);
  auto made =
      pty_console.make(Env{worker.io.get_executor(), {}}, tests::yaml("{driver: pty, path: " + link.string() + "}"));
  auto* stream = (*made)->console("main");
  const auto fd = worker.run(stream->open(soon()));
  ASSERT_TRUE(fd) << fd.error().text;
  board.reset();
  char byte = 0;
  EXPECT_LE(::read(*fd, &byte, 1), 0);
  stream->close();
  EXPECT_FALSE(worker.run(stream->open(soon())));
  board = std::make_unique<Pty>();
  std::filesystem::remove(link);
  std::filesystem::create_symlink(board->path, link);
  const auto again = worker.run(stream->open(soon()));
  ASSERT_TRUE(again) << again.error().text;
  ASSERT_EQ(::write(board->controller, "hello\r", 6), 6);
  EXPECT_EQ(worker.read_until(*again, "\r"), "hello\r");
}

}  // namespace
}  // namespace hilltop::drivers
