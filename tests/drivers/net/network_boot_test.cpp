// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <random>

#include "drivers/net/boot_server.hpp"
#include "drivers/net/dhcp_server.hpp"
#include "tests/drivers/net/u_boot_board.hpp"
#include "tests/drivers/run_task.hpp"

/// Real U-Boot over a tap, and DHCP at its own ports, in a network namespace that the test makes: the program runs
/// itself again under unshare(1), as root of that namespace alone.
namespace hilltop::drivers {
namespace {

constexpr const char* marker = "HILLTOP_TEST_NET_NAMESPACE";

bool is_inside() { return std::getenv(marker) != nullptr; }

/// What a command ends with; `limit` is longer than Worker::run allows.
ToolOutput tool(tests::Worker& worker, Command command, std::chrono::seconds limit = 20s) {
  std::optional<Result<ToolOutput>> out;
  TaskScope scope(worker.io.get_executor(), "tool");
  scope.spawn("tool", tests::keep_result(run_tool(std::move(command), Deadline::after(limit)), &out));
  EXPECT_TRUE(worker.run_until([&] { return scope.running() == 0; }, limit + 10s));
  EXPECT_TRUE(out && *out) << "the tool did not end";
  return out && *out ? **out : ToolOutput();
}
ToolOutput tool(tests::Worker& worker, std::vector<std::string> argv) { return tool(worker, Command(std::move(argv))); }

/// Runs the running test in a namespace; false where the host does not allow one.
bool run_inside(tests::Worker& worker) {
  if (tool(worker, {"unshare", "-rn", "ip", "tuntap", "add", "dev", "tap0", "mode", "tap"}).status != 0) return false;
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
  Command command({"unshare", "-rn", self, fmt::format("--gtest_filter={}.{}", test->test_suite_name(), test->name())});
  command.environment = {{marker, "1"}};
  const auto out = tool(worker, std::move(command), 100s);
  EXPECT_EQ(out.status, 0) << out.text;
  return true;
}

/// CRC-32 as U-Boot's crc32 prints it, bit by bit.
std::uint32_t crc32(const std::string& bytes) {
  std::uint32_t crc = ~0u;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int i = 0; i < 8; ++i) crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
  }
  return ~crc;
}

std::string random_bytes(std::size_t size) {
  std::mt19937 random(9);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

class NetworkBoot : public ::testing::Test {
 protected:
  void make_tap() {
    tool(worker, {"ip", "tuntap", "add", "dev", "tap0", "mode", "tap"});
    tool(worker, {"ip", "address", "add", "192.0.2.1/24", "dev", "tap0"});
    tool(worker, {"ip", "link", "set", "tap0", "up"});
  }
  std::shared_ptr<NetBootServer> start_server() {
    BootServerConfig config;
    config.address = "192.0.2.1";
    config.tftp_port = 69;
    config.http_port = 80;
    config.dhcp_device = "tap0";
    auto started = worker.run(NetBootServer::start(config));
    EXPECT_TRUE(started) << started.error().text;
    return started ? *started : nullptr;
  }

  tests::TemporaryDir dir;
  tests::Worker worker;
};

constexpr std::string_view board_mac = "52:54:00:aa:00:01";

TEST_F(NetworkBoot, u_boot_gets_its_address_and_its_files_and_a_stranger_none) {
  if (!tests::has_u_boot()) GTEST_SKIP() << "packages u-boot-qemu and qemu-system-arm are needed";
  if (!is_inside()) {
    if (!run_inside(worker)) GTEST_SKIP() << "no network namespace may be made here";
    return;
  }
  make_tap();
  const auto server = start_server();
  ASSERT_NE(server, nullptr);
  const auto image = random_bytes(3'000'001);
  std::ofstream(dir.path() / "Image", std::ios::binary) << image;
  BootRegistration registration;
  registration.address = "192.0.2.7";
  registration.mac = board_mac;
  registration.boot_file = "12/Image";
  registration.files = {{"12/Image", dir.path() / "Image"}};
  std::vector<BootEvent> events;
  registration.on_event = [&](const BootEvent& event) { events.push_back(event); };
  auto lease = server->serve(registration);
  ASSERT_TRUE(lease) << lease.error().text;

  {
    tests::UBootBoard board(worker, dir.path(), "board", "tap,id=n0,ifname=tap0,script=no,downscript=no",
                            std::string(board_mac));
    board.reach_prompt();
    const auto crc = fmt::format("==> {:08x}", crc32(image));
    const auto booted = board.run("dhcp 0x40400000");  // and fetches what DHCP names
    EXPECT_TRUE(booted.contains("DHCP client bound to address 192.0.2.7")) << booted;
    EXPECT_TRUE(booted.contains("Bytes transferred = 3000001")) << booted;
    EXPECT_TRUE(board.run("crc32 0x40400000 ${filesize}").contains(crc)) << board.heard;
    board.run("setenv tftpwindowsize 16; setenv tftpblocksize 1468; mw.b 0x40400000 0 0x300000");
    EXPECT_TRUE(board.run("tftpboot 0x40400000 12/Image").contains("Bytes transferred = 3000001")) << board.heard;
    EXPECT_TRUE(board.run("crc32 0x40400000 ${filesize}").contains(crc)) << board.heard;
    EXPECT_TRUE(board.run("tftpboot 0x40400000 13/Image").contains("not served")) << board.heard;
  }
  ASSERT_GE(events.size(), 4u);
  EXPECT_EQ(events[0].kind, BootEvent::Kind::address_given);
  EXPECT_EQ(events[0].name, "12/Image");
  EXPECT_TRUE(std::ranges::any_of(events, [](const auto& e) { return e.text.contains("16 a window"); }));
  EXPECT_EQ(events.back().kind, BootEvent::Kind::not_found);

  const auto heard_before = events.size();
  tests::UBootBoard stranger(worker, dir.path(), "stranger", "tap,id=n0,ifname=tap0,script=no,downscript=no",
                             "52:54:00:aa:00:99");
  stranger.reach_prompt();
  stranger.run("setenv bootpretryperiod 3000; setenv netretry no");
  EXPECT_FALSE(stranger.run("dhcp").contains("bound to address")) << stranger.heard;
  EXPECT_EQ(events.size(), heard_before);
  lease->reset();
  EXPECT_TRUE(worker.run(server->shut_down(Deadline::after(5s))));
}

TEST(DhcpServerErrors, say_what_is_missing) {
  tests::Worker worker;
  TaskScope scope(worker.io.get_executor(), "test");
  const auto start = [&](const std::string& device, std::uint16_t port) {
    return DhcpServer::start(worker.io.get_executor(), scope, {device, port, 68}, nullptr, {});
  };
  EXPECT_EQ(start("", 67).error().code, Errc::bad_input);
  const auto missing = start("no-such-dev0", 0);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().blame, Blame::configuration);
  EXPECT_TRUE(missing.error().text.starts_with("DHCP on no-such-dev0: ")) << missing.error().text;
}

}  // namespace
}  // namespace hilltop::drivers
