// SPDX-License-Identifier: Apache-2.0
#include "drivers/net/virtual_switch.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/local/datagram_protocol.hpp>
#include <cmath>
#include <fstream>

#include "tests/drivers/net/u_boot_board.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::drivers {
namespace {

using Unix = asio::local::datagram_protocol;

std::string frame(std::string_view to, std::string_view from, std::string_view text) {
  std::string out;
  for (const auto address : {to, from})
    for (const auto byte : MacAddress::from(address)->bytes) out += static_cast<char>(byte);
  out += "\x88\xb5";  // for experiments (IEEE 802)
  out += text;
  return out;
}

constexpr std::string_view a = "52:54:00:aa:00:0a", b = "52:54:00:aa:00:0b", everybody = "ff:ff:ff:ff:ff:ff";

class VirtualSwitchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto started = worker.run(VirtualSwitch::start({dir.path() / "net", 3}));
    ASSERT_TRUE(started) << started.error().text;
    net = *started;
    for (const auto* name : {"a", "b", "c"}) ASSERT_TRUE(net->add_port(name));
  }
  void TearDown() override {
    EXPECT_TRUE(worker.run(net->shut_down(Deadline::after(5s))));
    EXPECT_TRUE(std::filesystem::is_empty(dir.path() / "net")) << "no socket is left";
  }

  VirtualSwitch::Port port(const std::string& name) {
    for (auto& one : net->ports())
      if (one.name == name) return one;
    ADD_FAILURE() << "no port " << name;
    return {};
  }
  /// A board that is nothing but its socket.
  std::unique_ptr<Unix::socket> plug(const std::string& name) {
    const auto ends = port(name);
    ::unlink(ends.board_socket.c_str());
    auto out = std::make_unique<Unix::socket>(worker.io, Unix::endpoint(ends.board_socket.string()));
    out->non_blocking(true);
    return out;
  }
  std::string next(Unix::socket& board, std::chrono::seconds limit = 10s) {
    std::string out(70'000, '\0');
    std::size_t n = 0;
    const auto arrived = [&] {
      boost::system::error_code error;
      n = board.receive(asio::buffer(out), 0, error);
      return !error;
    };
    if (!worker.run_until(arrived, limit)) return "nothing";
    out.resize(n);
    return out;
  }
  /// True when nothing has come by the time that a frame sent later has.
  bool is_empty(Unix::socket& board) {
    char byte = 0;
    boost::system::error_code error;
    board.receive(asio::buffer(&byte, 1), 0, error);
    return error == asio::error::would_block;
  }
  /// As QEMU does: its socket is bound, and not connected.
  static bool try_send(Unix::socket& board, const std::string& bytes) {
    auto path = board.local_endpoint().path();
    path.replace(path.rfind(".board"), 6, ".switch");
    boost::system::error_code error;
    return board.send_to(asio::buffer(bytes), Unix::endpoint(path), 0, error) == bytes.size();
  }
  /// The system queues few datagrams: waits until the switch has made room.
  void send(Unix::socket& board, const std::string& bytes) {
    EXPECT_TRUE(worker.run_until([&] { return try_send(board, bytes); }));
  }
  LinkFaults faults(bool cut, double loss = 0, std::chrono::milliseconds delay = 0ms) {
    LinkFaults out;
    out.cut = cut;
    out.loss = loss;
    out.delay = delay;
    return out;
  }

  tests::TemporaryDir dir;
  tests::Worker worker;
  std::shared_ptr<VirtualSwitch> net;
};

TEST_F(VirtualSwitchTest, floods_learns_and_counts) {
  const auto board_a = plug("a"), board_b = plug("b"), board_c = plug("c");
  const auto hello = frame(everybody, a, "hello");
  send(*board_a, hello);
  EXPECT_EQ(next(*board_b), hello);
  EXPECT_EQ(next(*board_c), hello);
  const auto answer = frame(a, b, "answer");
  send(*board_b, answer);
  EXPECT_EQ(next(*board_a), answer);
  EXPECT_TRUE(is_empty(*board_c));
  EXPECT_TRUE(is_empty(*board_b));
  EXPECT_EQ(port("a").counters.frames_in, 1u);
  EXPECT_EQ(port("a").counters.frames_out, 1u);
  EXPECT_EQ(port("a").counters.bytes_out, answer.size());
  EXPECT_EQ(port("c").counters.frames_out, 1u);
  struct stat status{};
  ASSERT_EQ(::stat((dir.path() / "net").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST_F(VirtualSwitchTest, a_board_may_be_off_and_come_back) {
  const auto board_a = plug("a");
  auto board_b = plug("b");
  board_b.reset();  // off
  const auto hello = frame(everybody, a, "while it is off");
  for (int i = 0; i < 100; ++i) send(*board_a, hello);
  ASSERT_TRUE(worker.run_until([&] { return port("a").counters.frames_in == 100; }));
  EXPECT_EQ(port("b").counters.dropped, 100u);
  EXPECT_EQ(port("b").counters.frames_out, 0u);
  board_b = plug("b");
  const auto again = frame(everybody, a, "on again");
  send(*board_a, again);
  EXPECT_EQ(next(*board_b), again);
}

TEST_F(VirtualSwitchTest, a_board_that_does_not_read_holds_up_nobody) {
  const auto board_a = plug("a"), board_b = plug("b"), board_c = plug("c");
  const auto big = frame(everybody, a, std::string(1400, 'x'));
  boost::system::error_code error;
  std::size_t sent = 0, seen = 0;
  std::string buffer(2000, '\0');
  const auto moved = [&] {
    if (sent < 2000 && try_send(*board_a, big)) ++sent;
    while (board_c->receive(asio::buffer(buffer), 0, error) > 0) ++seen;
    return seen == 2000;
  };
  EXPECT_TRUE(worker.run_until(moved)) << sent << " sent, " << seen << " seen; board b never read";
  EXPECT_GT(port("b").counters.dropped, 1000u);
}

TEST_F(VirtualSwitchTest, a_burst_waits_for_a_board_that_is_slow) {
  const auto board_a = plug("a"), board_b = plug("b");
  for (int i = 0; i < 200; ++i) send(*board_a, frame(everybody, a, std::to_string(i)));
  ASSERT_TRUE(worker.run_until([&] { return port("a").counters.frames_in == 200; }));
  for (int i = 0; i < 200; ++i) ASSERT_EQ(next(*board_b), frame(everybody, a, std::to_string(i)));
  EXPECT_EQ(port("b").counters.dropped, 0u);
  EXPECT_EQ(port("b").counters.frames_out, 200u);
}

TEST_F(VirtualSwitchTest, faults_cut_delay_and_lose) {
  const auto board_a = plug("a"), board_b = plug("b"), board_c = plug("c");
  ASSERT_TRUE(net->set_faults("b", faults(true)));
  const auto hello = frame(everybody, a, "hello");
  send(*board_a, hello);
  EXPECT_EQ(next(*board_c), hello);
  EXPECT_TRUE(is_empty(*board_b));
  EXPECT_EQ(port("b").counters.lost, 1u);

  ASSERT_TRUE(net->set_faults("b", faults(false, 0, 150ms)));
  const auto begun = Deadline::Clock::now();
  send(*board_a, hello);
  EXPECT_EQ(next(*board_b), hello);
  EXPECT_GE(Deadline::Clock::now() - begun, 150ms);

  ASSERT_TRUE(net->set_faults("b", faults(false, 1)));
  send(*board_a, hello);
  send(*board_a, hello);
  ASSERT_TRUE(worker.run_until([&] { return port("b").counters.lost == 3; }));
  EXPECT_TRUE(is_empty(*board_b));
  EXPECT_EQ(net->set_faults("b", faults(false, 1.5)).error().code, Errc::bad_input);
  EXPECT_EQ(net->set_faults("b", faults(false, std::nan(""))).error().code, Errc::bad_input);
  EXPECT_EQ(net->set_faults("x", {}).error().code, Errc::not_found);
}

TEST_F(VirtualSwitchTest, captures_what_an_independent_reader_reads) {
  const auto board_a = plug("a"), board_b = plug("b");
  const auto file = dir.path() / "capture.pcap";
  ASSERT_TRUE(net->start_capture(file));
  EXPECT_EQ(net->start_capture(file).error().code, Errc::busy);
  for (int i = 0; i < 3; ++i) {
    send(*board_a, frame(b, a, "frame " + std::to_string(i)));
    EXPECT_EQ(next(*board_b), frame(b, a, "frame " + std::to_string(i)));
  }
  EXPECT_EQ(worker.run(net->stop_capture(Deadline::after(5s))).value(), 3u);
  EXPECT_EQ(worker.run(net->stop_capture(Deadline::after(5s))).error().code, Errc::not_found);
  const std::string reader =
      "import struct, sys, time\n"
      "data = open(sys.argv[1], 'rb').read()\n"
      "print(*struct.unpack('<IHHiIII', data[:24])); data = data[24:]\n"
      "while data:\n"
      "    s, us, kept, size = struct.unpack('<IIII', data[:16])\n"
      "    assert abs(s - time.time()) < 100 and us < 1000000\n"
      "    print(kept, size, data[16:16+kept][14:].decode()); data = data[16+kept:]\n";
  const auto read =
      worker.run(run_tool(Command({"/usr/bin/python3", "-c", reader, file.string()}), Deadline::after(20s)));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->text, "2712847316 2 4 0 0 65535 1\n21 21 frame 0\n21 21 frame 1\n21 21 frame 2\n");
}

TEST_F(VirtualSwitchTest, a_capture_is_bounded) {
  const auto board_a = plug("a"), board_b = plug("b");
  ASSERT_TRUE(net->start_capture(dir.path() / "capture.pcap", 100));
  for (int i = 0; i < 5; ++i) {
    send(*board_a, frame(everybody, a, "0123456789"));
    next(*board_b);
  }
  EXPECT_EQ(worker.run(net->stop_capture(Deadline::after(5s))).value(), 2u);
  EXPECT_EQ(std::filesystem::file_size(dir.path() / "capture.pcap"), 24u + 2 * 40);
}

TEST_F(VirtualSwitchTest, ports_that_cannot_be) {
  EXPECT_EQ(net->add_port("a").error().code, Errc::busy);
  for (const auto* name : {"", "../a", "a/b", ".", "a b", "123456789012345678901234567890123"})
    EXPECT_EQ(net->add_port(name).error().code, Errc::bad_input) << name;
  EXPECT_TRUE(net->remove_port("c"));
  EXPECT_EQ(net->remove_port("c").error().code, Errc::not_found);
  EXPECT_EQ(net->qemu_netdev("c", "n0").error().code, Errc::not_found);
  EXPECT_TRUE(net->add_port("c"));
  const auto folder = (dir.path() / "net").string();
  EXPECT_EQ(net->qemu_netdev("c", "n0").value(), "dgram,id=n0,local.type=unix,local.path=" + folder +
                                                     "/c.board,remote.type=unix,remote.path=" + folder + "/c.switch");
}

/// Two machines that QEMU emulates, with Debian's U-Boot, find each other; with a link cut they do not.
TEST_F(VirtualSwitchTest, u_boot_pings_u_boot) {
  if (!tests::has_u_boot()) GTEST_SKIP() << "packages u-boot-qemu and qemu-system-arm are needed";
  tests::UBootBoard one(worker, dir.path(), "one", net->qemu_netdev("a", "n0").value(), std::string(a));
  tests::UBootBoard two(worker, dir.path(), "two", net->qemu_netdev("b", "n0").value(), std::string(b));
  one.reach_prompt();
  two.reach_prompt();
  one.run("setenv ipaddr 192.0.2.1");
  two.run("setenv ipaddr 192.0.2.2");
  two.type("ping 192.0.2.99\r");  // while it waits for that, it answers others
  two.wait_for("Using");
  EXPECT_TRUE(one.run("ping 192.0.2.2").contains("host 192.0.2.2 is alive")) << one.heard;
  EXPECT_GE(port("b").counters.frames_out, 2u);
  ASSERT_TRUE(net->set_faults("b", faults(true)));
  EXPECT_TRUE(one.run("ping 192.0.2.2").contains("is not alive")) << one.heard;
}

}  // namespace
}  // namespace hilltop::drivers
