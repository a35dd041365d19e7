// SPDX-License-Identifier: Apache-2.0
// Consoles that are served elsewhere, against Debian's ser2net and socat.
#include <sys/stat.h>

#include <fstream>

#include "drivers/api/device.hpp"
#include "drivers/net/socket_stream.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/program.hpp"
#include "tests/drivers/pty.hpp"

namespace hilltop::drivers {
namespace {

using tests::every_byte;
using tests::Listener;
using tests::Pty;

Deadline soon() { return Deadline::after(std::chrono::seconds(10)); }

struct Consoles : testing::Test {
  std::unique_ptr<Device> make(const DriverInfo& driver, const std::string& address) {
    auto device = driver.make(Env{worker.io.get_executor(), {}}, tests::yaml(address));
    EXPECT_TRUE(device) << device.error().text;
    return *std::move(device);
  }
  int open(Device& device) {
    const auto fd = worker.run(device.console("main")->open(soon()));
    EXPECT_TRUE(fd) << fd.error().text;
    return fd ? *fd : -1;
  }
  /// All bytes both ways.
  void expect_transparent(int console, int board) {
    const auto all = every_byte();
    ASSERT_EQ(::write(console, all.data(), all.size()), static_cast<ssize_t>(all.size()));
    EXPECT_EQ(worker.read_until(board, "end"), all);
    ASSERT_EQ(::write(board, all.data(), all.size()), static_cast<ssize_t>(all.size()));
    EXPECT_EQ(worker.read_until(console, "end"), all);
  }
  /// ser2net with `pty` at `port`.
  std::unique_ptr<Process> serve(const Pty& pty, std::uint16_t port, std::string_view kind) {
    const auto file = dir.path() / "ser2net.yaml";
    std::ofstream(file) << "%YAML 1.1\n---\nconnection: &console\n  accepter: " << kind << ",127.0.0.1," << port
                        << "\n  connector: serialdev," << pty.path << ",9600n81,local\n";
    auto out = tests::start_program(worker, {"/usr/sbin/ser2net", "-n", "-u", "-c", file, "-P", dir.path() / "pid"});
    EXPECT_TRUE(worker.run_until([&] { return tests::listens(port); }));
    return out;
  }
  tests::Worker worker;
  tests::TemporaryDir dir;
};

std::string check(const DriverInfo& driver, std::string_view text) {
  Diagnostics diagnostics;
  driver.check(tests::yaml(text), diagnostics);
  return diagnostics.to_string();
}

TEST_F(Consoles, Rfc2217DrivesTheLineOfSer2net) {
  const Pty board;
  const auto port = tests::free_port();
  auto server = serve(board, port, "telnet(rfc2217),tcp");
  const auto address = "{driver: rfc2217, host: 127.0.0.1, port: " + std::to_string(port) + ", baud: 921600}";
  const auto device = make(rfc2217_console, address);
  const int console = open(*device);
  const auto driven = [&](speed_t speed) { return worker.run_until([&] { return board.speed() == speed; }); };
  EXPECT_TRUE(driven(B921600));
  expect_transparent(console, board.controller);
  LineSettings slower;
  slower.baud = 57600;
  ASSERT_TRUE(device->console("main")->set_line(slower));
  EXPECT_TRUE(driven(B57600));
}

TEST_F(Consoles, Rfc2217SetsTheLineAgainAfterTheServerHasGone) {
  const Pty board;
  const auto port = tests::free_port();
  auto server = serve(board, port, "telnet(rfc2217),tcp");
  const auto device =
      make(rfc2217_console, "{driver: rfc2217, host: 127.0.0.1, port: " + std::to_string(port) + ", baud: 230400}");
  auto* stream = device->console("main");
  int console = open(*device);
  EXPECT_TRUE(worker.run_until([&] { return board.speed() == B230400; }));
  ASSERT_TRUE(stream->reopens());
  server.reset();
  char byte = 0;
  ASSERT_TRUE(worker.run_until([&] { return ::read(console, &byte, 1) == 0; })) << "no end";
  stream->close();
  EXPECT_EQ(worker.run(stream->open(soon())).error().code, Errc::unavailable);
  server = serve(board, port, "telnet(rfc2217),tcp");
  console = open(*device);
  EXPECT_TRUE(worker.run_until([&] { return board.speed() == B230400; }));
  expect_transparent(console, board.controller);
}

TEST_F(Consoles, TelnetIsTransparent) {
  const Pty board;
  const auto port = tests::free_port();
  const auto server = serve(board, port, "telnet,tcp");
  const auto device = make(telnet_console, "{driver: telnet, host: localhost, port: " + std::to_string(port) + "}");
  expect_transparent(open(*device), board.controller);
  EXPECT_EQ(device->console("main")->set_line({}).error().code, Errc::unsupported);
}

TEST_F(Consoles, TcpIsTransparent) {
  const Pty board;
  const auto port = tests::free_port();
  const auto server = serve(board, port, "tcp");
  const auto device = make(tcp_console, "{driver: tcp, host: localhost, port: " + std::to_string(port) + "}");
  expect_transparent(open(*device), board.controller);
}

TEST_F(Consoles, AUnixSocketOfSocatsIsTransparent) {
  const Pty board;
  const auto path = dir.path() / "console.sock";
  const auto server = tests::start_program(
      worker, {"socat", "UNIX-LISTEN:" + path.string() + ",fork", "OPEN:" + board.path + ",rawer,noctty"});
  EXPECT_TRUE(worker.run_until([&] { return std::filesystem::exists(path); }));
  const auto device = make(unix_console, "{driver: unix, path: " + path.string() + "}");
  expect_transparent(open(*device), board.controller);
}

TEST_F(Consoles, ABoardThatNobodyServesIsUnavailable) {
  const auto device =
      make(tcp_console, "{driver: tcp, host: 127.0.0.1, port: " + std::to_string(tests::free_port()) + "}");
  const auto refused = worker.run(device->console("main")->open(soon()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_EQ(refused.error().blame, Blame::infrastructure);
  const auto missing = make(unix_console, "{driver: unix, path: " + (dir.path() / "none").string() + "}");
  EXPECT_EQ(worker.run(missing->console("main")->open(soon())).error().code, Errc::not_found);
}

TEST_F(Consoles, AServerThatEndsEndsTheLineAfterItsLastByte) {
  const Listener server;
  const auto device =
      make(telnet_console, "{driver: telnet, host: 127.0.0.1, port: " + std::to_string(server.port) + "}");
  const int console = open(*device);
  const int board = server.accept(worker);
  std::string much(300'000, 'x');
  std::size_t sent = 0;
  std::string got;
  std::array<char, 65536> buffer{};
  const auto all_there = [&] {
    if (sent < much.size()) {
      const auto n = ::send(board, much.data() + sent, much.size() - sent, MSG_NOSIGNAL);
      if (n > 0) sent += static_cast<std::size_t>(n);
      if (sent == much.size()) ::shutdown(board, SHUT_WR);
    }
    const auto n = ::read(console, buffer.data(), buffer.size());
    if (n > 0) got.append(buffer.data(), static_cast<std::size_t>(n));
    return n == 0;
  };
  EXPECT_TRUE(worker.run_until(all_there));
  EXPECT_EQ(got.size(), much.size());
  ::close(board);
}

TEST_F(Consoles, RttHasNoBannerInItAndChoosesItsChannel) {
  const Listener server;
  const auto device =
      make(rtt_console,
           "{driver: rtt, host: 127.0.0.1, banner: yes, channel: 2, port: " + std::to_string(server.port) + "}");
  std::optional<Result<int>> opened;
  TaskScope scope(worker.io.get_executor(), "test");
  scope.spawn("open", tests::keep_result(device->console("main")->open(soon()), &opened));
  const int board = server.accept(worker);
  EXPECT_EQ(worker.read_until(board, "Ch;2$$"), "$$SEGGER_TELNET_ConfigStr=RTTCh;2$$");
  for (const std::string_view piece : {"SEGGER J-", "Link V7.88 - Real time terminal output\r\nS/N=1\r\nProc",
                                       "ess: JLinkExe\r\nProcess: is the board's\r\n"}) {
    ASSERT_EQ(::write(board, piece.data(), piece.size()), static_cast<ssize_t>(piece.size()));
    worker.run_until([] { return false; }, std::chrono::seconds(0));
  }
  ASSERT_TRUE(worker.run_until([&] { return opened.has_value(); }));
  ASSERT_TRUE(*opened);
  EXPECT_EQ(worker.read_until(**opened, "\n"), "Process: is the board's\r\n");
  ::close(board);
}

TEST(JLinkBanner, IsToldFromABoardsFirstWords) {
  EXPECT_EQ(j_link_banner(""), std::nullopt);
  EXPECT_EQ(j_link_banner("SEGGER"), std::nullopt);
  EXPECT_EQ(j_link_banner("SEGMENT"), 0U);
  EXPECT_EQ(j_link_banner("*** Booting Zephyr"), 0U);
  EXPECT_EQ(j_link_banner("SEGGER J-Link V7\r\nx\r\nProcess: a\r\nboard"), 33U);
  EXPECT_EQ(j_link_banner("SEGGER J-Link" + std::string(4000, 'x')), 0U);
}

TEST(ConsoleAddresses, AreCheckedWithASuggestion) {
  EXPECT_EQ(check(tcp_console, "{driver: tcp, host: ser2net.lab, port: 2001}"), "");
  EXPECT_TRUE(check(tcp_console, "{driver: tcp, host: 'ser2net.lab:2001'}").contains("write 'port: 2001'"));
  EXPECT_TRUE(check(tcp_console, "{driver: tcp, host: a, port: 70000}").contains("1 to 65535"));
  EXPECT_TRUE(check(tcp_console, "{driver: tcp, hots: a, port: 1}").contains("did you mean 'host'"));
  EXPECT_TRUE(check(telnet_console, "{driver: telnet, host: a, port: 1, baud: 9600}").contains("rfc2217"));
  EXPECT_TRUE(check(rfc2217_console, "{driver: rfc2217, host: a, port: 1, baud: 115000}").contains("mean 115200"));
  EXPECT_TRUE(check(rfc2217_console, "{driver: rfc2217, host: a, port: 1, flow: xon_xoff}").contains("XON"));
  EXPECT_TRUE(check(rfc2217_console, "{driver: rfc2217, host: a, port: 1, parity: evn}").contains("'even'"));
  EXPECT_EQ(check(rtt_console, "{driver: rtt}"), "");
  EXPECT_TRUE(check(rtt_console, "{driver: rtt, port: 9090, channel: 1}").contains("rtt server start"));
  EXPECT_TRUE(check(unix_console, "{driver: unix, path: relative}").contains("begin with '/'"));
  EXPECT_TRUE(check(tcp_console, "{driver: tcp, host: a, port: 1, path: x}").contains("test.yaml:1:"));
}

}  // namespace
}  // namespace hilltop::drivers
