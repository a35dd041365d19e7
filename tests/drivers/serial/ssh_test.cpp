// SPDX-License-Identifier: Apache-2.0
// Driver `ssh` against Debian's dropbear.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include "drivers/api/device.hpp"
#include "drivers/tables.hpp"
#include "tests/support/ssh_server.hpp"

namespace hilltop::drivers {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Ssh : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = tests::SshServer::missing(worker); !why.empty()) GTEST_SKIP() << why;
    server = std::make_unique<tests::SshServer>(worker, dir.path() / "server");
  }
  void TearDown() override {
    if (device) EXPECT_TRUE(worker.run(device->shut_down(Deadline::after(10s))));
  }
  void make(const std::string& address) {
    const auto node = tests::yaml(address);
    Diagnostics diagnostics;
    ssh.check(node, diagnostics);
    ASSERT_FALSE(diagnostics.has_errors()) << diagnostics.to_string();
    device = ssh.make({worker.io.get_executor(), dir.path() / "state"}, node).value();
    line = worker.run(device->console("main")->open(Deadline::after(5s))).value();
  }
  Result<> set(PowerState wanted, std::chrono::seconds limit = 20s) {
    return worker.run(device->power()->set(wanted, Deadline::after(limit)));
  }
  PowerState state() { return worker.run(device->power()->state(Deadline::after(5s))).value(); }
  void type(const std::string& text) {
    ASSERT_EQ(::write(line, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string changed(std::string address, const std::string& from, const std::string& to) {
    const auto at = address.find(from);
    return address.replace(at, from.size(), to);
  }

  tests::TemporaryDir dir;
  tests::Worker worker;
  std::unique_ptr<tests::SshServer> server;
  std::unique_ptr<Device> device;
  int line = -1;
};

TEST_F(Ssh, LogsInWithATerminalAndHangsUp) {
  make(server->address());
  EXPECT_EQ(state(), PowerState::off);
  ASSERT_TRUE(set(PowerState::on));
  EXPECT_EQ(state(), PowerState::on);
  type("echo $(tty) shell-$$-$((6 * 7))\n");
  const auto said = worker.read_until(line, "-42\r\n");
  EXPECT_THAT(said, HasSubstr("$((6 * 7))")) << "the far end's terminal echoes";
  EXPECT_THAT(said, HasSubstr("/dev/pts/"));
  const auto shell = std::atoi(said.substr(said.rfind("shell-") + 6).c_str());
  ASSERT_GT(shell, 1);
  ASSERT_TRUE(set(PowerState::off));
  EXPECT_EQ(state(), PowerState::off);
  EXPECT_TRUE(worker.run_until([&] { return ::kill(shell, 0) != 0; })) << "the shell at the far end goes on";
}

TEST_F(Ssh, TheNextLoginSpeaksOnTheSameLine) {
  make(server->address());
  std::vector<std::string> lost;
  device->power()->on_lost([&](std::string why) { lost.push_back(std::move(why)); });
  ASSERT_TRUE(set(PowerState::on));
  type("echo first-$((1 + 1))\n");
  worker.read_until(line, "first-2");
  ASSERT_TRUE(set(PowerState::off));
  EXPECT_THAT(lost, IsEmpty());
  type("echo nobody hears this\n");
  ASSERT_TRUE(set(PowerState::on));
  type("echo second-$((1 + 1)); exit 3\n");
  EXPECT_FALSE(worker.read_until(line, "second-2").contains("nobody"));
  ASSERT_TRUE(worker.run_until([&] { return !lost.empty(); }));
  EXPECT_THAT(lost.front(), HasSubstr("the session ended"));
  EXPECT_EQ(state(), PowerState::off);
}

TEST_F(Ssh, AnotherHostsKeyIsRefused) {
  std::ifstream file(server->stranger().string() + ".pub");
  std::string kind, key;
  file >> kind >> key;
  make(changed(server->address(), server->host_key(), kind + " " + key));
  const auto result = set(PowerState::on);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::denied);
  EXPECT_EQ(result.error().blame, Blame::configuration);
  EXPECT_THAT(result.error().text, HasSubstr("host_key"));
}

TEST_F(Ssh, AKeyThatTheHostDoesNotKnowIsSaid) {
  make(changed(server->address(), "/identity", "/stranger"));
  const auto result = set(PowerState::on);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().blame, Blame::configuration);
  EXPECT_THAT(result.error().text, HasSubstr("identity_file"));
}

TEST_F(Ssh, AHostThatIsNotThereIsInfrastructure) {
  auto address = server->address();
  server.reset();
  make(address);
  auto result = set(PowerState::on);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().blame, Blame::infrastructure);
  EXPECT_THAT(result.error().text, HasSubstr("refused"));
}

TEST_F(Ssh, AHostThatSaysNothingIsLeftAtTheDeadline) {
  asio::ip::tcp::acceptor mute(worker.io, {asio::ip::address_v4::loopback(), 0});
  make(changed(server->address(), std::to_string(server->port()), std::to_string(mute.local_endpoint().port())));
  const auto result = set(PowerState::on, 1s);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().blame, Blame::infrastructure);
  EXPECT_EQ(state(), PowerState::off);
}

TEST(SshAddress, MistakesAreSaid) {
  const std::string good =
      "{driver: ssh, host: 192.0.2.7, user: root, identity_file: /k, host_key: ssh-ed25519 AAAAC3Nz, port: 22}";
  const auto complaints = [](const std::string& text) {
    Diagnostics diagnostics;
    ssh.check(tests::yaml(text), diagnostics);
    return diagnostics.has_errors() ? diagnostics.to_string() : "";
  };
  EXPECT_EQ(complaints(good), "");
  for (const auto& [from, to] : {std::pair{"192.0.2.7", "-oProxyCommand=x"}, std::pair{"root", "-l"},
                                 std::pair{"/k", "k"}, std::pair{"ssh-ed25519 AAAAC3Nz", "AAAAC3Nz"},
                                 std::pair{"22", "70000"}, std::pair{"user: root, ", ""}, std::pair{"port", "prot"}}) {
    auto text = good;
    text.replace(text.find(from), std::string(from).size(), to);
    EXPECT_NE(complaints(text), "") << text;
  }
}

}  // namespace
}  // namespace hilltop::drivers
