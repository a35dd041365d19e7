// SPDX-License-Identifier: Apache-2.0
// Consoles at TCP ports, used by others' programs: pyserial, telnet, socat. And who may type.
#include <gmock/gmock.h>

#include "drivers/core/process.hpp"
#include "tests/controller/farm_fixture.hpp"
#include "tests/drivers/program.hpp"
#include "tests/drivers/pty.hpp"

namespace hilltop::controller {
namespace {

using test::bob;
using test::FarmRig;
using test::run;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// A board that echoes all that it hears, leased by bob.
class ConsolePorts : public ::testing::Test {
 protected:
  void begin(const std::string& console) {
    rig = std::make_unique<FarmRig>(lab(console), dir.path());
    ASSERT_TRUE(rig->until([&] { return rig->idle("desk-1"); }));
    take();
  }
  std::string lab(const std::string& console) const {
    return test::lab_of("  desk-1:\n    type: " + type + "\n    console: " + console + "\n") + more_of_the_lab;
  }
  void take() {
    LeaseRequest request;
    request.wanted = "desk-1";
    request.duration = std::chrono::minutes(10);
    auto taken = run(rig->context, rig->farm->take(bob, request));
    ASSERT_TRUE(taken) << taken.error().text;
    lease = taken->id;
    ASSERT_TRUE(rig->until([&] { return rig->farm->may_operate(bob, "desk-1").has_value(); }));
  }
  void begin_echo() { begin("{driver: process, command: [cat], terminal: no}"); }

  Result<WorkerReply> call(WorkerCommand command) {
    return run(rig->context, rig->farm->worker().call(std::move(command), Deadline::after(20s)));
  }
  /// "127.0.0.1:PORT"
  std::string serve(const std::string& protocol) {
    auto reply = call(ConsoleExport{"desk-1", "", protocol, "127.0.0.1", 0, "bob"});
    EXPECT_TRUE(reply) << reply.error().text;
    return reply ? reply->text : "";
  }
  static std::string port_of(const std::string& where) { return where.substr(where.rfind(':') + 1); }
  /// Runs a program to its end; its exit status must be 0.
  void expect_success(std::vector<std::string> argv) {
    auto done = run(rig->context, run_tool_checked(Command(std::move(argv)), Deadline::after(40s)));
    EXPECT_TRUE(done) << done.error().text;
  }
  void expect_peer(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"/usr/bin/python3", HILLTOP_SOURCE_DIR "/tests/controller/console_peers.py"});
    expect_success(std::move(arguments));
  }
  BoardView view() { return rig->farm->board(bob, "desk-1").value(); }

  /// The lab serves the console at two ports of its own.
  void serve_for_good() {
    test::write_text(dir.path() / "types" / "desk.yaml",
                     "description: a board of the tests\nsource: tests/controller\nverified: hardware\n"
                     "deploy: [tmpfs]\nboot: [minimal]\nconsoles: [main]\n");
    type = "desk";
    const tests::Listener one, two;  // two free numbers that differ
    raw_port = one.port;
    rfc2217_port = two.port;
    more_of_the_lab = "console_ports:\n  ports:\n    - {board: desk-1, raw: " + std::to_string(raw_port) +
                      ", rfc2217: " + std::to_string(rfc2217_port) + "}\n";
  }
  std::string at(std::uint16_t port) const { return "127.0.0.1:" + std::to_string(port); }
  bool says(const std::string& text) { return call(ConsoleWrite{"desk-1", "", text, "web-1"}).has_value(); }

  test::TempDir dir;
  std::unique_ptr<FarmRig> rig;
  std::uint64_t lease = 0;
  std::string type = "fake", more_of_the_lab;
  std::uint16_t raw_port = 0, rfc2217_port = 0;
};

TEST_F(ConsolePorts, PyserialSpeaksRfc2217) {
  begin_echo();
  expect_peer({"pyserial", "rfc2217://" + serve("rfc2217")});
}

TEST_F(ConsolePorts, PyserialSpeaksToARawPort) {
  begin_echo();
  expect_peer({"pyserial", "socket://" + serve("raw")});
}

TEST_F(ConsolePorts, TelnetUsesTheSamePort) {
  begin_echo();
  expect_peer({"telnet", port_of(serve("rfc2217"))});
}

TEST_F(ConsolePorts, SocatGetsEveryByte) {
  begin_echo();
  const auto said = tests::every_byte();
  test::write_text(dir.path() / "in", said);
  const auto files = "OPEN:" + (dir.path() / "in").string() + "!!CREATE:" + (dir.path() / "out").string();
  expect_success({"socat", "-t", "2", files, "TCP:" + serve("raw")});
  EXPECT_EQ(test::read_whole(dir.path() / "out"), said);
}

TEST_F(ConsolePorts, ASpeedThatIsAskedForReachesTheSerialPort) {
  const tests::Pty board;
  begin("{driver: tty, path: " + board.path + ", baud: 115200}");
  ASSERT_EQ(::fcntl(board.controller, F_SETFL, 0), 0) << "cat knows no O_NONBLOCK";
  const auto cat = Process::start(rig->context.get_executor(), [&] {
    Command command({"cat"});
    command.pass_fds = {{board.controller, 0}, {board.controller, 1}};
    return command;
  }());
  ASSERT_TRUE(cat);
  expect_peer({"pyserial", "rfc2217://" + serve("rfc2217"), "921600"});
  EXPECT_EQ(board.speed(), static_cast<speed_t>(B57600)) << "the last that was asked for";
}

TEST_F(ConsolePorts, EndWithTheLease) {
  begin_echo();
  const auto port = static_cast<std::uint16_t>(std::stoi(port_of(serve("raw"))));
  ASSERT_EQ(view().ports.size(), 1U);
  EXPECT_EQ(view().ports[0].owner, "bob");
  EXPECT_TRUE(tests::listens(port));
  ASSERT_TRUE(run(rig->context, rig->farm->release(bob, lease, "")));
  EXPECT_TRUE(rig->until([&] { return rig->idle("desk-1"); }));
  EXPECT_FALSE(tests::listens(port));
  EXPECT_THAT(view().ports, IsEmpty());
  EXPECT_THAT(view().writers, IsEmpty());
}

/// A client of a raw port.
class Reader {
 public:
  explicit Reader(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto address = tests::loopback(port);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~Reader() { ::close(fd_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  void type(std::string_view text) const {
    EXPECT_EQ(::write(fd_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  bool hears(std::string_view wanted) {
    std::array<char, 256> buffer{};
    const auto n = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n > 0) heard.append(buffer.data(), static_cast<std::size_t>(n));
    return heard.ends_with(wanted);
  }
  std::string heard;

 private:
  int fd_;
};

TEST_F(ConsolePorts, OfTheLabAreForReadingUntilTheLeaseholderLetsThemType) {
  serve_for_good();
  begin_echo();
  ASSERT_EQ(view().ports.size(), 2U);
  EXPECT_EQ(view().ports[0].owner, "") << "nobody may type there";
  Reader reader(raw_port);
  EXPECT_TRUE(rig->until([&] { return says(".") && reader.hears("."); })) << "it follows the console";
  reader.type("stranger");
  ASSERT_TRUE(says("answer"));
  EXPECT_TRUE(rig->until([&] { return reader.hears("answer"); })) << reader.heard;
  EXPECT_THAT(reader.heard, Not(HasSubstr("stranger")));
  EXPECT_EQ(serve("raw"), at(raw_port)) << "the lab's number, and no other port";
  ASSERT_EQ(view().ports.size(), 2U);
  reader.type("leaseholder");
  EXPECT_TRUE(rig->until([&] { return reader.hears("leaseholder"); })) << reader.heard;
  EXPECT_EQ(view().writers.at(0).name, "bob");
  ASSERT_TRUE(run(rig->context, rig->farm->release(bob, lease, "")));
  EXPECT_TRUE(rig->until([&] { return rig->idle("desk-1"); }));
  EXPECT_TRUE(tests::listens(raw_port)) << "the lease's end closes no port of the lab";
  reader.type("too late");
  take();
  EXPECT_TRUE(rig->until([&] { return says("!") && reader.hears("!"); }));
  EXPECT_THAT(reader.heard, Not(HasSubstr("too late")));
}

TEST_F(ConsolePorts, OfTheLabSpeakToPyserial) {
  serve_for_good();
  begin_echo();
  EXPECT_EQ(serve("rfc2217"), at(rfc2217_port));
  expect_peer({"pyserial", "rfc2217://" + at(rfc2217_port)});
  EXPECT_EQ(serve("raw"), at(raw_port));
  expect_peer({"pyserial", "socket://" + at(raw_port)});
}

TEST_F(ConsolePorts, OfTheLabMoveWithTheLabFile) {
  serve_for_good();
  const std::string console = "{driver: process, command: [cat], terminal: no}";
  begin(console);
  EXPECT_TRUE(tests::listens(raw_port));
  const auto before = raw_port;
  serve_for_good();
  const auto applied = run(rig->context, rig->farm->apply_lab(test::admin, lab(console), ""));
  ASSERT_TRUE(applied) << applied.error().text;
  EXPECT_TRUE(tests::listens(raw_port));
  EXPECT_FALSE(tests::listens(before));
  more_of_the_lab.clear();
  ASSERT_TRUE(run(rig->context, rig->farm->apply_lab(test::admin, lab(console), "")));
  EXPECT_FALSE(tests::listens(raw_port));
  EXPECT_THAT(view().ports, IsEmpty());
}

TEST_F(ConsolePorts, AreRefusedWhereTheyCannotBe) {
  begin_echo();
  const auto refused = [&](const std::string& protocol, const std::string& address, std::uint32_t port) {
    const auto reply = call(ConsoleExport{"desk-1", "", protocol, address, port, "bob"});
    return reply ? Errc::internal : reply.error().code;
  };
  const tests::Listener taken;
  EXPECT_EQ(refused("raw", "127.0.0.1", taken.port), Errc::unavailable);
  EXPECT_EQ(refused("raw", "localhost", 0), Errc::bad_input);
  EXPECT_EQ(refused("rfc2317", "127.0.0.1", 0), Errc::bad_input);
  EXPECT_EQ(call(ConsoleExport{"desk-1", "uart9", "raw", "127.0.0.1", 0, "bob"}).error().code, Errc::not_found);
}

TEST_F(ConsolePorts, OneTypesAtATimeAndIsSeen) {
  begin_echo();
  ASSERT_TRUE(call(ConsoleClaim{"desk-1", "", "web-1", "bob", "web", false}));
  ASSERT_EQ(view().writers.size(), 1U);
  EXPECT_EQ(view().writers[0].name, "bob");
  const auto refused = call(ConsoleClaim{"desk-1", "main", "web-2", "tom", "web", false});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::busy);
  EXPECT_THAT(refused.error().text, HasSubstr("bob types at console main of board desk-1"));
  ASSERT_TRUE(call(ConsoleClaim{"desk-1", "main", "web-2", "tom", "web", true}));
  EXPECT_EQ(view().writers[0].name, "tom");
  EXPECT_EQ(call(ConsoleWrite{"desk-1", "", "x", "web-1"}).error().code, Errc::busy);
  EXPECT_TRUE(call(ConsoleWrite{"desk-1", "", "y", "web-2"}));
  ASSERT_TRUE(call(ConsoleRelease{"desk-1", "main", "web-1"}));
  EXPECT_EQ(view().writers.size(), 1U) << "it was not web-1's any more";
  ASSERT_TRUE(call(ConsoleRelease{"desk-1", "main", "web-2"}));
  EXPECT_TRUE(rig->until([&] { return view().writers.empty(); }));
}

TEST_F(ConsolePorts, WhatAPortsClientTypesGoesNowhereWhileAnotherTypes) {
  begin_echo();
  const auto where = serve("raw");
  ASSERT_TRUE(call(ConsoleClaim{"desk-1", "", "web-1", "bob", "web", false}));
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = tests::loopback(static_cast<std::uint16_t>(std::stoi(port_of(where))));
  ASSERT_EQ(::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  std::string heard;
  const auto hears = [&](std::string_view wanted) {
    std::array<char, 64> buffer{};
    const auto n = ::recv(client, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n > 0) heard.append(buffer.data(), static_cast<std::size_t>(n));
    return heard.ends_with(wanted);
  };
  const auto bob_types = [&](const char* text) { return call(ConsoleWrite{"desk-1", "", text, "web-1"}).has_value(); };
  EXPECT_TRUE(rig->until([&] { return bob_types(".") && hears("."); })) << "the port follows the console";
  ASSERT_EQ(::write(client, "lost", 4), 4);
  ASSERT_TRUE(bob_types("bob"));
  EXPECT_TRUE(rig->until([&] { return hears("bob"); })) << heard;
  ASSERT_TRUE(call(ConsoleRelease{"desk-1", "main", "web-1"}));
  ASSERT_EQ(::write(client, "mine", 4), 4);
  EXPECT_TRUE(rig->until([&] { return hears("mine"); })) << heard;
  ASSERT_TRUE(rig->until([&] { return view().writers.size() == 1; }));
  EXPECT_THAT(view().writers[0].from, HasSubstr("raw 127.0.0.1:"));
  const auto reply = call(ConsoleRead{"desk-1", "main", 0, 65536, 0, true});
  ASSERT_TRUE(reply);
  EXPECT_THAT(reply->bytes, EndsWith(".bobmine"));
  EXPECT_THAT(reply->bytes, Not(HasSubstr("lost")));
  ::close(client);
  EXPECT_TRUE(rig->until([&] { return view().writers.empty(); }));
}

}  // namespace
}  // namespace hilltop::controller
