// SPDX-License-Identifier: Apache-2.0
// net-snmp's snmpd with a power unit behind pass_persist: its relays are in a file of their own.
#include "tests/drivers/power/unit/simulated_unit.hpp"

namespace hilltop::tests {
namespace {

using drivers::PowerState;

class SnmpUnits : public PowerUnits {
 protected:
  void SetUp() override {
    port = free_port();
    const auto script = std::string(HILLTOP_SOURCE_DIR) + "/tests/support/power_unit.py";
    const std::string base = "1.3.6.1.4.1.318.1.1.4.4.2.1.3";
    std::filesystem::create_directory(dir.path() / "state-of-snmpd");
    std::ofstream(dir.path() / "snmpd.conf")
        << "rwcommunity private 127.0.0.1 .1.3.6.1.4.1\nrocommunity public 127.0.0.1 .1.3.6.1.4.1\n"
        << "createUser ann SHA \"authpassword\" AES \"privpassword\"\nrwuser ann priv .1.3.6.1.4.1\n"
        << "createUser bob MD5 \"bobspassword\"\nrwuser bob auth .1.3.6.1.4.1\n"
        << "pass_persist ." << base << " /usr/bin/python3 " << script << " snmp ." << base << " " << state_file()
        << "\n";
    start();
  }
  void start() {
    Command command({"/usr/sbin/snmpd", "-f", "-Lf", (dir.path() / "snmpd.log").string(), "-C", "-c",
                     (dir.path() / "snmpd.conf").string(), "-I", "-smux", "udp:127.0.0.1:" + std::to_string(port)});
    command.environment.emplace_back("SNMP_PERSISTENT_DIR", (dir.path() / "state-of-snmpd").string());
    auto started = Process::start(worker.io.get_executor(), std::move(command));
    ASSERT_TRUE(started) << started.error().text;
    snmpd = *std::move(started);
    const auto answers = [this] {
      const auto asked = worker.run(run_tool(
          Command({"snmpget", "-v1", "-c", "private", "-r0", "-t1", agent(), "1.3.6.1.4.1.318.1.1.4.4.2.1.3.1"}),
          Deadline::after(5s)));
      return asked && asked->status == 0;
    };
    ASSERT_TRUE(worker.run_until(answers)) << "snmpd does not answer";
  }
  [[nodiscard]] std::string agent() const { return "udp:127.0.0.1:" + std::to_string(port); }
  [[nodiscard]] std::string state_file() const { return (dir.path() / "relays").string(); }
  [[nodiscard]] std::string relay(int outlet) const {
    std::ifstream in(state_file());
    return nlohmann::json::parse(in, nullptr, false).value(std::to_string(outlet), "?");
  }
  [[nodiscard]] std::string log() const {
    std::ifstream in(state_file() + ".log");
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string address(const std::string& model, int outlet, const std::string& more) const {
    return "{driver: power-unit, model: " + model + ", host: 127.0.0.1, port: " + std::to_string(port) +
           ", outlet: " + std::to_string(outlet) + ", " + more + "}";
  }
  void obeys_here(drivers::Device& device, int outlet) {
    for (const bool on : {true, false}) {
      const auto done = set(device, on);
      ASSERT_TRUE(done) << done.error().text;
      EXPECT_EQ(relay(outlet), on ? "on" : "off");
      const auto now = state(device);
      ASSERT_TRUE(now) << now.error().text;
      EXPECT_EQ(*now, on ? PowerState::on : PowerState::off);
    }
  }

  std::uint16_t port = 0;
  std::unique_ptr<Process> snmpd;
};

TEST_F(SnmpUnits, ObeyByVersion1And2c) {
  const auto device = make(address("apc", 3, "community: private"));
  obeys_here(*device, 3);
  const auto model = dir.path() / "2c.yaml";
  std::ofstream(model)
      << "model: ours\ntitle: APC by v2c\nsource: test\nverified: unproven\nshape: snmp\nversion: 2c\noutlets: 1..16\n"
         "wants: {community: x}\nwords: {to_on: 1, to_off: 2}\n"
         "switch: [{set: '1.3.6.1.4.1.318.1.1.4.4.2.1.3.${outlet}', integer: '${word}'}]\n"
         "state: [{get: '1.3.6.1.4.1.318.1.1.4.4.2.1.3.${outlet}'}]\nread: {is_on: 1, is_off: 2}\n";
  const auto other = make(address(model.string(), 4, "community: private"));
  obeys_here(*other, 4);
}

TEST_F(SnmpUnits, ObeyByVersion3) {
  const auto secret = make(address(
      "apc-v3", 5, "user: ann, auth: SHA, auth_password: authpassword, priv: AES, priv_password: privpassword"));
  obeys_here(*secret, 5);
  const auto open = make(address("apc-v3", 6, "user: bob, auth: MD5, auth_password: bobspassword"));
  obeys_here(*open, 6);
}

TEST_F(SnmpUnits, AWrongPasswordIsSaid) {
  const auto wrong = make(address(
      "apc-v3", 5, "user: ann, auth: SHA, auth_password: wrongpassword, priv: AES, priv_password: privpassword"));
  const auto refused = set(*wrong, true, 4s);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::denied) << refused.error().text;
  const auto nobody = make(address("apc-v3", 6, "user: carl, auth: SHA, auth_password: wrongpassword"));
  const auto unknown = set(*nobody, true, 4s);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Errc::denied) << unknown.error().text;
  EXPECT_EQ(relay(5), "off");
  const auto shorty = make(address("apc-v3", 7, "user: ann, auth: SHA, auth_password: short"));
  const auto short_one = set(*shorty, true, 4s);
  ASSERT_FALSE(short_one);
  EXPECT_EQ(short_one.error().blame, Blame::configuration) << short_one.error().text;
}

TEST_F(SnmpUnits, ACommunityThatMayOnlyReadIsSaid) {
  const auto device = make(address("apc", 3, "community: public"));
  const auto now = state(*device);
  ASSERT_TRUE(now) << now.error().text;
  const auto refused = set(*device, true, 4s);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().code == Errc::denied || refused.error().code == Errc::protocol) << refused.error().text;
  EXPECT_EQ(relay(3), "off");
}

TEST_F(SnmpUnits, AnObjectThatIsNotThereIsSaid) {
  const auto device = make(address("apc", 40, "community: private"));
  const auto refused = set(*device, true, 4s);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().text.contains("outlet 40")) << refused.error().text;
}

TEST_F(SnmpUnits, ManyReadsAreOneQuestion) {
  std::vector<std::unique_ptr<drivers::Device>> devices;
  for (int n = 1; n <= 16; ++n)
    devices.push_back(make(address("apc", n, "community: private"), "b" + std::to_string(n)));
  ASSERT_TRUE(set(*devices[2], true));
  std::vector<PowerState> seen(16, PowerState::unknown);
  TaskScope scope(worker.io.get_executor(), "reads");
  struct Read {
    static Task<> one(drivers::PowerPort* port, PowerState* out) {
      HILLTOP_CO_TRY(*out, co_await port->state(Deadline::after(10s)));
      co_return ok();
    }
  };
  for (std::size_t n = 0; n < 16; ++n) scope.spawn("read", Read::one(devices[n]->power(), &seen[n]));
  ASSERT_TRUE(worker.run_until([&] { return scope.running() == 0; }));
  for (std::size_t n = 0; n < 16; ++n) EXPECT_EQ(seen[n], n == 2 ? PowerState::on : PowerState::off) << n;
}

TEST_F(SnmpUnits, AnAgentThatComesBackIsTalkedToAgain) {
  const auto device = make(address("apc-v3", 5, "user: bob, auth: MD5, auth_password: bobspassword"));
  obeys_here(*device, 5);
  snmpd.reset();
  const auto silent = set(*device, true, 1500ms);
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code, Errc::timeout) << silent.error().text;
  start();  // another boot of its engine
  obeys_here(*device, 5);
}

}  // namespace
}  // namespace hilltop::tests
